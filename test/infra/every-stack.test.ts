import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSynth } from '../../apps/synth';
import { loadStacks, synthStacks } from '../../infra/synth';
import { NEEDS, stacksOf } from '../../infra/stacks';
import type { StackContext } from '../../infra/context';
import { readTree, treeDifferences, type Tree } from '../golden/trees';
import { crossReferences, innerReferences, made, type Stack } from './references';

/** What holds for every stack of the example fleet, whichever cloud and kind it is of. */
const FLEET = join(__dirname, '..', '..', 'fleet');
let folder: string;
let context: StackContext;
let tree: Tree;
let stacks: readonly Stack[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockade-stacks-'));
  context = loadStacks(FLEET);
  synthStacks(context, join(folder, 'first'));
  tree = readTree(join(folder, 'first'));
  stacks = [...tree].filter(([path]) => path.endsWith('/cdk.tf.json')).map(([path, text]) => ({ id: path.split('/')[1]!, json: JSON.parse(text) as Stack['json'] }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the stacks of the example fleet', () => {
  it('are those that are listed, and nothing is half-written beside them', () => {
    expect(stacks.map(({ id }) => id).sort()).toEqual(stacksOf(context.fleet).map(({ id }) => id).sort());
    expect(readdirSync(folder)).toEqual(['first']);
  });

  it('keep their state in a bucket of their own cloud, locked and encrypted, each under a key of its own', () => {
    const places = stacks.map(({ id, json: { terraform } }) => {
      const [[kind, backend]] = Object.entries(terraform.backend) as [[string, Record<string, unknown>]];
      const { cloud } = stacksOf(context.fleet).find((stack) => stack.id === id)!;
      expect(kind, id).toBe(cloud === 'gcp' ? 'gcs' : 's3');
      if (kind === 's3') expect(backend, id).toMatchObject({ encrypt: true, use_lockfile: true, kms_key_id: expect.stringContaining('alias/') });
      return `${String(backend['bucket'])}/${String(backend['prefix'] ?? backend['key'])}`;
    });
    expect(new Set(places).size).toBe(stacks.length);
  });

  it('pin each provider to one version', () => {
    for (const { id, json } of stacks) for (const { version } of Object.values(json.terraform.required_providers)) expect(version, id).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('are applied after what they need', () => {
    const listed = stacksOf(context.fleet);
    for (const { id, kind, order, cluster, cloud } of listed) {
      for (const needed of listed.filter((other) => NEEDS[kind].includes(other.kind) && other.cloud === cloud && (!cluster || !other.cluster || other.cluster === cluster))) expect(needed.order, `${needed.id} before ${id}`).toBeLessThan(order);
    }
  });

  it('refer to nothing that is not in them', () => {
    for (const stack of stacks) expect(innerReferences(stack).filter((address) => !made(stack).has(address)), stack.id).toEqual([]);
  });

  it('find in each other, by name, what they look for: a key, a network, a role, an address', () => {
    const found = crossReferences(stacks);
    expect(found.missing).toEqual([]);
    // The control: there is something to find, in both clouds.
    for (const kind of ['gcp key', 'aws key alias', 'gcp service account', 'aws role']) expect(found.counts[kind], kind).toBeGreaterThan(0);
  });

  it('read no state of each other', () => {
    for (const [path, text] of tree) expect(text, path).not.toContain('terraform_remote_state');
  });

  it('hold no path of the machine that rendered them', () => {
    for (const [path, text] of tree) for (const place of [folder, tmpdir(), process.cwd(), '/home/', '/root/']) expect(text.includes(`"${place}`) || text.includes(process.cwd()), `${path}: ${place}`).toBe(false);
  });

  it('hold no secret', () => {
    const secrets = /-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|"(password|master_password|secret_string|secret_data|private_key|token|client_secret)": "(?!\$\{)[^"]+"/;
    for (const [path, text] of tree) expect(secrets.exec(text)?.[0], path).toBeUndefined();
    expect('"password": "hunter2"').toMatch(secrets);
  });

  it('are the same byte for byte when they are rendered again, elsewhere', () => {
    synthStacks(loadStacks(FLEET), join(folder, 'elsewhere', 'second'));
    expect(treeDifferences(tree, readTree(join(folder, 'elsewhere', 'second'))).join('\n')).toBe('');
  });

  it('replace what was there', () => {
    const gone = { ...context, fleet: { ...context.fleet, clusters: Object.fromEntries(Object.entries(context.fleet.clusters).slice(0, 1)) } };
    const out = join(folder, 'replaced');
    synthStacks(context, out);
    synthStacks(gone, out);
    expect(readdirSync(join(out, 'stacks')).sort()).toEqual(stacksOf(gone.fleet).map(({ id }) => id).sort());
  });
});

describe('synthesis', () => {
  it('takes no traces of tokens, and gives errors theirs back however it ends', () => {
    const own = Error.captureStackTrace;
    const seen: unknown[] = [];
    const broken: StackContext = {
      ...context,
      get demands(): StackContext['demands'] {
        seen.push(Error.captureStackTrace);
        throw new Error('nobody knows');
      },
    };
    expect(() => synthStacks(broken, join(folder, 'broken'))).toThrow('nobody knows');
    expect(seen).not.toEqual([]);
    expect(seen).not.toContain(own);
    expect(Error.captureStackTrace).toBe(own);
    synthStacks(context, join(folder, 'whole'));
    expect(Error.captureStackTrace).toBe(own);
  });
});

describe('a fleet that disagrees with where its keys are placed', () => {
  it('becomes no Terraform either', () => {
    const fleet = join(folder, 'disagrees');
    cpSync(FLEET, fleet, { recursive: true, filter: (path) => !path.endsWith('.ts') });
    rmSync(join(fleet, 'keys.lock'));
    expect(() => loadStacks(fleet)).toThrow(/keys\.lock/);
  });
});

describe('manifests and Terraform', () => {
  it('agree on every name that a manifest takes for made: keys, addresses, subnets', async () => {
    const out = join(folder, 'manifests');
    expect(await runSynth({ fleet: FLEET, out, format: 'plain' }, { stdout: { write: () => true }, stderr: process.stderr })).toBe(0);
    const manifests = [...readTree(out)].map(([path, text]) => ({ id: path, json: text }));
    const found = crossReferences(stacks, manifests);
    expect(found.missing).toEqual([]);
    for (const kind of ['gcp key', 'aws key alias', 'gcp address', 'aws subnet']) expect(found.counts[kind], kind).toBeGreaterThan(0);
  });
});

describe('a tombstone', () => {
  it('leaves a cluster\'s stacks listed, with a state and nothing in it, until it is said to be destroyed', () => {
    const { ['gke-us-east4']: gone, ...clusters } = context.fleet.clusters;
    if (gone?.cloud !== 'gcp') throw new Error('the example fleet has no gke-us-east4');
    const tombstone = { cluster: gone.name, cloud: gone.cloud, project: gone.project, region: gone.region, destroyed: false };
    const withTombstone = (destroyed: boolean): StackContext => ({ ...context, fleet: { ...context.fleet, clusters, infrastructure: { ...context.fleet.infrastructure, tombstones: [{ ...tombstone, destroyed }] } } });

    synthStacks(withTombstone(false), join(folder, 'buried'));
    for (const kind of ['network', 'storage', 'cluster', 'add-ons']) {
      const stack = JSON.parse(readFileSync(join(folder, 'buried', 'stacks', `gke-us-east4-${kind}`, 'cdk.tf.json'), 'utf8')) as Stack['json'];
      expect(stack.resource, kind).toBeUndefined();
      expect(stack.terraform.backend, kind).toEqual(stacks.find(({ id }) => id === `gke-us-east4-${kind}`)!.json.terraform.backend);
    }
    expect(stacksOf(withTombstone(true).fleet).filter(({ cluster }) => cluster === 'gke-us-east4')).toEqual([]);
  });
});
