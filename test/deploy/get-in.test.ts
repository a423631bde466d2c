import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { getIntoCluster, getIntoNode } from '../../apps/deploy/get-in';
import { stop } from '../../acts/stop';
import { fromKubeconfig, type KubeconfigOptions } from '../../kube/kubeconfig';
import { GOLDEN } from '../golden/trees';
import { stockade } from '../run';
import { CLUSTER, refusalOf } from './stand-in';

const folder = mkdtempSync(join(tmpdir(), 'stockade-get-in-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GKE = 'gcloud container clusters get-credentials gke-golden --location europe-west1';
const EKS = 'aws eks update-kubeconfig --name eks-golden --region';

describe('whoever does not reach a cluster', () => {
  let programs = 0;
  /** A stand-in for kubectl. */
  const program = (script: string): string => {
    const path = join(folder, `kubectl-${(programs += 1)}`);
    writeFileSync(path, script);
    chmodSync(path, 0o755);
    return path;
  };
  /** It ends at once, as with a kubeconfig that it can't read. */
  const ending = (says: string): string => program(`#!/bin/sh\ncat >&2 <<'SAID'\n${says}\nSAID\nexit 1\n`);
  /** It serves, and answers for itself what it could not ask; or passes on what was answered. */
  const answering = (says: string, headers: object): string =>
    program(`#!${process.execPath}\nconst socket = process.argv.at(-1).split('=')[1];\nrequire('node:http').createServer((_, to) => to.writeHead(500, ${JSON.stringify(headers)}).end(${JSON.stringify(says)})).listen(socket, () => process.stdout.write('Starting to serve'));\n`);
  const asked = async (options: KubeconfigOptions): Promise<string> => {
    const kube = fromKubeconfig({ getIn: () => getIntoCluster(GOLDEN.fleet, CLUSTER), ...options });
    try {
      return await refusalOf(() => kube.get('/api'));
    } finally {
      kube.close();
    }
  };
  const there = join(folder, 'config');
  writeFileSync(there, '{}');

  it.each([
    ['The connection to the server localhost:8080 was refused - did you specify the right host or port?', 'no kubeconfig says which cluster is meant'],
    ['error: current-context is not set, and does not exist', 'no kubeconfig says which cluster is meant'],
    ['error: error loading config file "/x": yaml: line 1: did not find expected node content', "the kubeconfig can't be read"],
    ['Unable to connect to the server: getting credentials: exec: executable gke-gcloud-auth-plugin not found', 'the program that the kubeconfig takes credentials from is not installed'],
    ['Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255', 'does not take these credentials'],
    ['error: You must be logged in to the server (Unauthorized)', 'does not take these credentials'],
    ['Error from server (Unauthorized): Unauthorized', 'does not take these credentials'],
    ['Unable to connect to the server: x509: certificate signed by unknown authority', 'is not the one that the kubeconfig trusts'],
    ['Unable to connect to the server: dial tcp 10.0.0.2:443: i/o timeout', 'the API server does not answer'],
    ['The connection to the server 10.0.0.2:443 was refused - did you specify the right host or port?', 'the API server does not answer'],
    ['Unable to connect to the server: proxyconnect tcp: dial tcp 127.0.0.1:3128: connect: connection refused', 'the API server does not answer'],
  ])('is told what it is: %s', async (says, why) => {
    const message = await asked({ kubectl: ending(says), kubeconfig: there });
    expect(message).toContain(why);
    expect(message).toContain(`(kubeconfig ${there})`);
    expect(message).toContain(`    ${says}`);
    expect(message).toContain(`next: Get into cluster ${CLUSTER}: ${GKE}`);
    expect(message).toContain('--dns-endpoint docs/runbooks/get-in.md says who may, and how.');
  });

  it('is told the same where kubectl starts, and then reaches nobody', async () => {
    const message = await asked({ kubectl: answering('getting credentials: exec: executable gke-gcloud-auth-plugin not found\n\nIt looks like', { 'content-type': 'text/plain' }), kubeconfig: there });
    expect(message).toContain('the program that the kubeconfig takes credentials from is not installed');
    expect(message).toContain(`next: Get into cluster ${CLUSTER}: ${GKE}`);
  });

  it.each(['failed calling webhook: dial tcp 10.0.0.1:443: connect: connection refused', 'x509: certificate signed by unknown authority'])('is not told so where the API server has answered: %s', async (says) => {
    const message = await asked({ kubectl: answering(says, { 'content-type': 'text/plain', 'audit-id': 'x' }) });
    expect(message).toContain(`GET /api failed\n    Error from server (500): ${says}\n`);
    expect(message).not.toContain('Get into cluster');
  });

  it('is told that there is no such kubeconfig', async () => {
    expect(await asked({ kubectl: ending('error: stat'), kubeconfig: join(folder, 'nowhere') })).toContain(`error: there is no kubeconfig ${join(folder, 'nowhere')}\n  next: Get into cluster`);
  });

  it('is told of a node\'s cluster, raw, and never in the way of a stop', async () => {
    expect(getIntoNode(GOLDEN.fleet, 'hoodi', 'eth-gke-0')).toContain(GKE);
    expect(getIntoNode(GOLDEN.fleet, 'hoodi', 'eth-eks-0')).toContain(EKS);
    expect(getIntoNode(GOLDEN.fleet, 'hoodi', 'eth-eks-0')).toContain('through its gateway: docs/starting.md');
    for (const [fleet, network, node] of [[folder, 'hoodi', 'eth-gke-0'], [GOLDEN.fleet, '../..', 'x'], [GOLDEN.fleet, 'hoodi', 'nobody']] as const) expect(getIntoNode(fleet, network, node)).toBe('Get a kubeconfig of the cluster, and name it with --kubeconfig: docs/runbooks/get-in.md says who may, and how.');
    const kube = fromKubeconfig({ kubectl: ending('Unable to connect to the server: EOF'), getIn: () => getIntoNode(folder, 'hoodi', 'x') });
    expect(await refusalOf(() => stop(kube, { network: 'hoodi', node: 'x' }, { timeoutSeconds: 1, why: 'ana', all: false }, () => undefined))).toContain('next: Get a kubeconfig of the cluster');
  });

  it('offers nothing to a shell that a declaration made up', () => {
    const evil = join(folder, 'clusters');
    spawnSync('mkdir', ['-p', evil]);
    writeFileSync(join(evil, 'c.yaml'), 'cloud: gcp\nregion: "x; rm -rf /"\nproject: p\n');
    expect(getIntoCluster(folder, 'c')).toContain('Get a kubeconfig of the cluster');
    writeFileSync(join(evil, 'c.yaml'), 'cloud: gcp\nregion: europe-west1\nproject: p\n');
    expect(getIntoCluster(folder, 'c')).toContain('get-credentials c --location europe-west1 --project p --dns-endpoint');
  });
});

// Without kubectl it says that, and that alone.
describe.skipIf(spawnSync('kubectl', ['version', '--client']).status !== 0)('the command', () => {
  const manifests = async (args: readonly string[], env: Record<string, string> = {}): Promise<string> =>
    (await stockade(['manifests', ...args], { env: { PATH: process.env['PATH']!, HOME: folder, ...env } })).stderr;

  it('without a kubeconfig says which cluster, and how to get in', async () => {
    const stopping = await manifests(['stop', '--network', 'hoodi', '--node', 'eth-gke-0', '--why', 'ana: tries', '--fleet', GOLDEN.fleet]);
    expect(stopping).toContain(GKE);
    expect(stopping).toMatch(/^error: no kubeconfig says which cluster is meant\n/);
    const resuming = await manifests(['resume', '--network', 'hoodi', '--node', 'eth-eks-0', '--fleet', GOLDEN.fleet], { KUBECONFIG: join(folder, 'nowhere') });
    expect(resuming).toContain(EKS);
  });

  it('says of a server that takes no credentials what it says', async () => {
    const server = createServer((_request, response) => response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 })));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const file = join(folder, 'expired');
      writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'c', clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }], users: [{ name: 'u', user: { token: 'x' } }], contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }] }));
      const kube = fromKubeconfig({ kubeconfig: file });
      expect(await refusalOf(() => kube.get('/api/v1/namespaces'))).toContain('does not take these credentials');
      kube.close();
    } finally {
      await new Promise((done) => server.close(done));
    }
  });
});
