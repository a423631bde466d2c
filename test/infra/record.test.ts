import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { load } from 'js-yaml';
import { UserError } from '../../errors/user-error';
import { parseOutputs, recordOutputs } from '../../infra/context/observed';
import { stockade } from '../run';
import { OUTPUTS } from '../../infra/context/outputs';
import { EXAMPLE_FLEET, exampleStacks, repositoryFile } from './stacks';

const issuer = 'https://oidc.eks.us-east-2.amazonaws.com/id/00000000000000000000000000000001';
const of = (value: unknown, sensitive = false) => ({ value, sensitive, type: 'dynamic' });
const EKS = {
  nat_addresses: of(['192.0.2.1', '192.0.2.2']),
  p2p_addresses: of({ 'osmo-ue2-sentry-1': { node: '192.0.2.11' }, 'eth-ue2-beacon': { execution: '192.0.2.9', consensus: '192.0.2.10' } }),
  p2p_allocations: of({ 'eth-ue2-beacon': { execution: 'eipalloc-00000000000000009' } }),
  oidc_issuer: of(issuer),
};
const message = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error('it was taken');
};

describe('recording outputs', () => {
  const before = repositoryFile('fleet', 'observed', 'eks-us-east-2.yaml');

  it('replaces what the outputs have, as a whole, and keeps comments', () => {
    const { text, changed } = recordOutputs(before, EKS, 'aws');
    expect(changed).toBe(true);
    expect(text.split('\n').slice(0, 2)).toEqual(before.split('\n').slice(0, 2));
    expect(load(text)).toEqual({
      addresses: { 'eth-ue2-beacon': { consensus: '192.0.2.10', execution: '192.0.2.9' }, 'osmo-ue2-sentry-1': { node: '192.0.2.11' } },
      allocations: { 'eth-ue2-beacon': { execution: 'eipalloc-00000000000000009' } },
      natAddresses: ['192.0.2.1', '192.0.2.2'],
      oidcIssuer: issuer,
    });
  });

  it('keeps what they don\'t have', () => {
    const { text } = recordOutputs(before, { oidc_issuer: EKS.oidc_issuer }, 'aws');
    expect(load(text)).toEqual({ ...(load(before) as object), oidcIssuer: issuer });
  });

  it('writes a new file with its schema, one node to a line', () => {
    const { text } = recordOutputs(undefined, EKS, 'aws');
    expect(text).toContain('$schema=../schema/json/observed.schema.json');
    expect(text).toContain('  eth-ue2-beacon: { consensus: 192.0.2.10, execution: 192.0.2.9 }\n');
  });

  it('changes nothing the second time', () => {
    const { text } = recordOutputs(before, EKS, 'aws');
    expect(recordOutputs(text, EKS, 'aws')).toMatchObject({ text, changed: false });
  });

  it('refuses what the schema refuses, every mistake at once', () => {
    const said = message(() => recordOutputs(before, { nat_addresses: of(['192.0.2.300']), p2p_addresses: of({ 'Eth': { node: 'x' } }) }, 'aws'));
    expect(said).toContain('output nat_addresses.0: must be an IPv4 address, got "192.0.2.300"');
    expect(said).toContain('output p2p_addresses.Eth');
  });

  it('refuses outputs of no use, of the other cloud, and sensitive ones, without printing them', () => {
    expect(message(() => recordOutputs(before, { other: of(1) }, 'aws'))).toContain('allowed: nat_addresses, p2p_addresses, p2p_allocations, oidc_issuer');
    expect(message(() => recordOutputs(before, EKS, 'gcp'))).toContain('p2p_allocations is an output of EKS clusters');
    const said = message(() => recordOutputs(before, { oidc_issuer: of('https://secret.example.com', true) }, 'aws'));
    expect(said).toContain('oidc_issuer is marked sensitive');
    expect(said).not.toContain('secret.example.com');
  });

  it('refuses what is no output of Terraform', () => {
    expect(message(() => parseOutputs('x', 'a.json'))).toContain('a.json is not JSON');
    expect(message(() => parseOutputs('["x"]', 'a.json'))).toContain('is not what `terraform output -json` prints');
    expect(message(() => parseOutputs('{"a":"x"}', 'a.json'))).toContain('is not what `terraform output -json` prints');
  });

  it('knows every output that the example\'s GKE stacks have, by name', () => {
    const names = exampleStacks().stacks.filter(({ cloud, cluster }) => cloud === 'gcp' && cluster !== undefined).flatMap(({ id }) => Object.keys(exampleStacks().stack(id).output ?? {}));
    expect(new Set(names)).toEqual(new Set([OUTPUTS.natAddresses, OUTPUTS.p2pAddresses, OUTPUTS.oidcIssuer]));
  });
});

describe('npm run record', () => {
  let folder: string;
  const run = (...args: string[]) => stockade(['record', '--fleet', join(folder, 'fleet'), ...args]);
  const observed = (cluster: string): string => join(folder, 'fleet', 'observed', `${cluster}.yaml`);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stockade-record-'));
    for (const part of ['clusters', 'observed']) cpSync(join(EXAMPLE_FLEET, part), join(folder, 'fleet', part), { recursive: true });
    writeFileSync(join(folder, 'network.json'), JSON.stringify({ nat_addresses: EKS.nat_addresses }));
    writeFileSync(join(folder, 'cluster.json'), JSON.stringify({ oidc_issuer: EKS.oidc_issuer }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('writes what files have', async () => {
    const { code: status, stdout, stderr } = await run('--cluster', 'eks-us-east-2', '--outputs', join(folder, 'network.json'), join(folder, 'cluster.json'));
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('natAddresses: 2\n');
    expect(load(readFileSync(observed('eks-us-east-2'), 'utf8'))).toMatchObject({ natAddresses: ['192.0.2.1', '192.0.2.2'], oidcIssuer: issuer });
  });

  it('asks terraform for both stacks where no file is given', async () => {
    const terraform = join(folder, 'terraform');
    writeFileSync(terraform, `#!/bin/sh\ncase "$1 $2 $3" in\n  -chdir=*-network\\ output\\ -json) cat ${join(folder, 'network.json')} ;;\n  -chdir=*-cluster\\ output\\ -json) cat ${join(folder, 'cluster.json')} ;;\n  *) exit 9 ;;\nesac\n`);
    chmodSync(terraform, 0o755);
    for (const kind of ['network', 'cluster']) mkdirSync(join(folder, 'stacks', `eks-eu-north-1-${kind}`), { recursive: true });
    const { code: status, stderr } = await run('--cluster', 'eks-eu-north-1', '--stacks', join(folder, 'stacks'), '--terraform', terraform);
    expect(status, stderr).toBe(0);
    expect(load(readFileSync(observed('eks-eu-north-1'), 'utf8'))).toEqual({ natAddresses: ['192.0.2.1', '192.0.2.2'], oidcIssuer: issuer });
  });

  it('refuses an unknown cluster, and writes nothing', async () => {
    const { code: status, stderr } = await run('--cluster', 'eks-us-east-3', '--outputs', join(folder, 'network.json'));
    expect(status).toBe(1);
    expect(stderr).toContain('cluster "eks-us-east-3" is unknown');
    expect(stderr).toContain('did you mean "eks-us-east-2"?');
    expect(existsSync(observed('eks-us-east-3'))).toBe(false);
  });

  it('refuses one output from two stacks', async () => {
    const { code: status, stderr } = await run('--cluster', 'eks-us-east-2', '--outputs', join(folder, 'network.json'), join(folder, 'network.json'));
    expect([status, stderr]).toEqual([1, expect.stringContaining('nat_addresses is an output of')]);
  });
});
