import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { checkFleetFolder } from '../../model/check-folder';
import { renderFleet } from '../../apps/render/render-fleet';
import type { Format } from '../../apps/render/selection';
import { catalogue } from '../../chains';
import type { Manifest } from '../../constructs/manifest';
import { formatProblems } from '../../model/errors';
import type { Fleet } from '../../model/types';
import type { Api, ApplyOptions, LiveObject } from './api';
import { until } from './machines';

/** The example fleet, rendered as `npm run synth` does it. */
export interface Example {
  readonly fleet: Fleet;
  /** One folder for each cluster. */
  readonly folder: string;
  remove(): void;
}

const FLEET = join(__dirname, '..', '..', 'fleet');

export async function renderExample(cluster?: string, format: Format = 'plain'): Promise<Example> {
  const { fleet, problems } = checkFleetFolder(FLEET, catalogue);
  if (fleet === undefined) throw new Error(formatProblems(problems, FLEET));
  const parent = mkdtempSync(join(tmpdir(), 'stockade-rendered-'));
  const folder = join(parent, 'dist');
  await renderFleet(fleet, catalogue, { out: folder, format, version: '0.0.0', selection: cluster === undefined ? {} : { clusters: [cluster] } });
  return { fleet, folder, remove: () => rmSync(parent, { recursive: true, force: true }) };
}

/** The objects of one cluster, in the order in which they are applied. */
export interface ClusterManifests {
  /** What bounds the nodes; applied first, by the identity that builds clusters. */
  readonly platform: readonly Manifest[];
  /** The native admission policies. Once they are there, only the identities of the fleet's settings write in staking namespaces. */
  readonly policies: readonly Manifest[];
  readonly nodes: readonly Manifest[];
}

export function manifestsOf(example: Example, cluster: string): ClusterManifests {
  const folder = join(example.folder, cluster);
  const parse = (files: readonly string[]): Manifest[] => files.flatMap((file) => loadAll(readFileSync(file, 'utf8')) as Manifest[]);
  const all = filesBelow(folder);
  const first = PLATFORM_ORDER.map((file) => join(folder, 'platform', file));
  const below = (name: string): string[] => all.filter((file) => file.startsWith(join(folder, `${name}/`)));
  const policies = below('platform/policies');
  const platform = below('platform').filter((file) => !policies.includes(file));
  const others = [...platform, ...policies, ...below('gatekeeper-templates'), ...below('gatekeeper-constraints')];
  return {
    platform: parse([...first, ...platform.filter((file) => !first.includes(file))]),
    policies: parse(policies),
    nodes: parse(all.filter((file) => !others.includes(file))),
  };
}

/** As `apps/platform` says: a cluster's walls, then what is in them. */
const PLATFORM_ORDER: readonly string[] = ['00-namespaces.yaml', 'network-policies.yaml', 'storage-classes.yaml', 'priority-classes.yaml', 'access.yaml'];

export interface AppliedObject {
  readonly manifest: Manifest;
  readonly live: LiveObject;
  readonly warnings: readonly string[];
}

/**
 * Applies objects, several at once: namespaces first, StatefulSets last, when all that their pods need is there. What is refused is thrown with
 * the API server's words.
 */
export async function applyAll(api: Api, manifests: readonly Manifest[], options: ApplyOptions = {}): Promise<AppliedObject[]> {
  const applied = new Map<Manifest, AppliedObject>();
  const stages = [(kind: string) => kind === 'Namespace', (kind: string) => kind !== 'Namespace' && kind !== 'StatefulSet', (kind: string) => kind === 'StatefulSet'];
  for (const belongs of stages) {
    const queue = manifests.filter(({ kind }) => belongs(kind));
    const work = async (): Promise<void> => {
      for (let manifest = queue.shift(); manifest !== undefined; manifest = queue.shift()) {
        const { object, warnings } = await api.apply(manifest, options);
        applied.set(manifest, { manifest, live: object, warnings });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
  return manifests.map((manifest) => applied.get(manifest)!);
}

const AT_ONCE = 8;

/**
 * Waits until the quota controller has looked at every ResourceQuota. Until then the API server refuses what a quota counts
 * ("status unknown for quota"): whoever applies a new network's platform and nodes in one go has to wait or try again.
 */
export function quotasKnown(api: Api): Promise<void> {
  return until('every ResourceQuota has a status', async () => {
    const quotas = await api.list<LiveObject & { spec: { hard: object }; status?: { hard?: object } }>('/api/v1/resourcequotas');
    return quotas.every(({ spec, status }) => Object.keys(status?.hard ?? {}).length === Object.keys(spec.hard).length);
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? filesBelow(path) : [path];
    });
}
