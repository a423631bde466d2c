import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Access, Output } from '../../apps/deploy/access';
import type { Declared } from '../../apps/deploy/placements';
import { readRendered, type ReviewedObject } from '../../apps/deploy/rendered';
import { catalogue } from '../../chains';
import type { Manifest } from '../../constructs/manifest';
import { declaredKeys } from '../../model/keys/agreement';
import { append, EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import type { DraftEntry } from '../../model/keys/journal';
import { loadFleet } from '../../model/load';
import type { Fleet } from '../../model/types';
import { LABELS } from '../../naming';
import { GOLDEN } from '../golden/trees';

const standIn = createRequire(__filename)('./kubectl.cjs') as { kubectl(state: string, args: readonly string[], input: () => string): Output };

/** A cluster whose API server is a JSON file: what is judged is what we ask of it and make of it, not what it refuses. */
export class StandInCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'stockade-stand-in-'));
  /** As a program. */
  readonly program = join(this.folder, 'kubectl');
  private readonly state = join(this.folder, 'state.json');

  constructor(kinds: readonly { readonly apiVersion: string; readonly kind: string }[]) {
    const served = [...new Map(kinds.map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }])).values(), { apiVersion: 'v1', kind: 'Pod' }];
    writeFileSync(this.state, JSON.stringify({ kinds: served, objects: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: 'the-cluster' } }] }));
    writeFileSync(this.program, `#!/bin/sh\nexec "${process.execPath}" "${join(__dirname, 'kubectl.cjs')}" "${this.state}" "$@"\n`);
    chmodSync(this.program, 0o755);
  }

  /** Without a process for each request. */
  get access(): Access {
    return { kubectl: async (args, input = '') => standIn.kubectl(this.state, args, () => input) };
  }

  get objects(): Manifest[] {
    return this.world.objects;
  }

  set objects(objects: readonly Manifest[]) {
    writeFileSync(this.state, JSON.stringify({ ...this.world, objects }));
  }

  /** Every request is answered with this on standard error. */
  set says(text: string | undefined) {
    writeFileSync(this.state, JSON.stringify({ ...this.world, says: text }));
  }

  put(...objects: readonly Manifest[]): void {
    this.objects = [...this.objects, ...objects.map((one) => ({ ...one, metadata: { uid: `uid-of-${one.metadata.name}`, ...one.metadata } }))];
  }

  find(kind: string, name: string): Manifest | undefined {
    return this.objects.find((one) => one.kind === kind && one.metadata.name === name);
  }

  change(kind: string, name: string, change: (object: Manifest) => void): void {
    const { objects } = this;
    change(objects.find((one) => one.kind === kind && one.metadata.name === name)!);
    this.objects = objects;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get world(): { objects: Manifest[] } {
    return JSON.parse(readFileSync(this.state, 'utf8')) as { objects: Manifest[] };
  }
}

export const CLUSTER = 'gke-golden';
export const SIGNER = { network: 'hoodi', node: 'eth-gke-0', name: 'eth-gke-0-validator', namespace: 'staking-hoodi', full: 'StatefulSet staking-hoodi/eth-gke-0-validator' } as const;

export const goldenFleet = (): Fleet => loadFleet(GOLDEN.fleet, catalogue).fleet!;
export const goldenRendered = (): ReviewedObject[] => readRendered(join(GOLDEN.dist, CLUSTER));

/** A journal of placements; by default of all keys of the golden fleet. */
export function journal(...steps: readonly (readonly DraftEntry[])[]): Declared['journal'] {
  const all = steps.length > 0 ? steps : [[...declaredKeys(goldenFleet(), catalogue)].map(({ key, node }) => placement(key, node.network, node.cluster, node.name))];
  return parse(all.reduce((text, drafts, index) => append(parse(text), drafts, new Date(Date.UTC(2026, 0, 1 + index))), EMPTY_KEYS_LOCK)).entries;
}

export const placement = (key: string, network: string, cluster: string, node: string): DraftEntry => ({ act: 'place', key, network, cluster, node });

/** Keys of the golden signer. */
export const signerKeys = (): string[] => [...declaredKeys(goldenFleet(), catalogue)].filter(({ node }) => node.name === SIGNER.node).map(({ key }) => key);

/** The objects of the golden signer, and what it needs to be read: copies, to be changed. */
export function signerManifests(): { readonly workload: Manifest; readonly configMap: Manifest; readonly all: Manifest[] } {
  const all = structuredClone(goldenRendered().map(({ manifest }) => manifest));
  const mine = (kind: string): Manifest => all.find((one) => one.kind === kind && one.metadata.labels?.[LABELS.signer] === 'true' && one.metadata.labels[LABELS.node] === SIGNER.node)!;
  return { workload: mine('StatefulSet'), configMap: mine('ConfigMap'), all };
}

export const refusalOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'not refused';
};

