import { Session, type Profiler } from 'node:inspector/promises';
import { catalogue } from '../../chains';
import { checkFleetFolder } from '../../model/check-folder';
import { renderFleet } from '../../apps/render/render-fleet';

/** Where the time of a run goes. */
export interface Phases {
  readonly cpuMs: number;
  /** Phase, then milliseconds of CPU, in the order of the work. */
  readonly phases: Readonly<Record<string, number>>;
  /** The functions with most time of their own, with the phase that called them. */
  readonly hot: readonly { readonly name: string; readonly where: string; readonly phase: string; readonly ms: number }[];
  /** Markers that matched nothing: a function was renamed, and its time is counted elsewhere. */
  readonly unmatched: readonly string[];
}

/**
 * The functions by which a sample's stack tells its phase; the innermost one decides. V8 samples stacks, so nothing of the
 * program is changed for it.
 */
const MARKERS: readonly { readonly phase: string; readonly file: string; readonly name: string }[] = [
  { phase: 'YAML text to data', file: 'model/yaml.ts', name: 'readYaml' },
  { phase: 'shapes, defaults (load)', file: 'model/load.ts', name: 'loadFleet' },
  { phase: 'fleet checks', file: 'model/checks/index.ts', name: 'checkFleet' },
  { phase: 'keys.lock', file: 'model/keys/text.ts', name: 'parse' },
  { phase: 'keys.lock', file: 'model/keys/agreement.ts', name: 'checkAgainstFleet' },
  { phase: 'chain definitions', file: 'chains/ethereum/index.ts', name: 'components' },
  { phase: 'resolving, pools, report', file: 'apps/render/render-node.ts', name: 'renderNode' },
  { phase: 'objects (StakingNode)', file: 'constructs/staking-node.ts', name: 'componentManifests' },
  { phase: 'objects (StakingNode)', file: 'constructs/node-role.ts', name: 'nodeRole' },
  { phase: 'checking props', file: 'constructs/check-props.ts', name: 'checkProps' },
  { phase: 'construct tree (cdk8s)', file: 'constructs/staking-node.ts', name: 'StakingNode' },
  { phase: 'construct tree (cdk8s)', file: 'cdk8s/lib/app.js', name: 'App' },
  { phase: 'construct tree (cdk8s)', file: 'cdk8s/lib/chart.js', name: 'Chart' },
  { phase: 'YAML text', file: 'apps/render/yaml.ts', name: 'toYaml' },
  { phase: 'platform manifests', file: 'apps/render/render-fleet.ts', name: 'writePlatform' },
  { phase: 'writing files', file: 'apps/render/write-node.ts', name: 'writeNode' },
];

const COLLECTOR = 'garbage collection';
const REST = 'rest';

/** Profiles one run in one thread, from YAML on disk to files on disk. */
export async function profileOneThread(fleetFolder: string, out: string): Promise<Phases> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 500 });
  await session.post('Profiler.start');
  const cpu = process.cpuUsage();
  const { fleet, problems } = checkFleetFolder(fleetFolder, catalogue);
  if (!fleet) throw new Error(`the fleet in ${fleetFolder} has ${problems.length} problems, first: ${problems[0]?.message}`);
  await renderFleet(fleet, catalogue, { out, format: 'plain', version: '0.0.0', workers: 1 });
  const { user, system } = process.cpuUsage(cpu);
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return attribute(profile, (user + system) / 1000);
}

function attribute(profile: Profiler.Profile, cpuMs: number): Phases {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const matched = new Set<(typeof MARKERS)[number]>();
  const phaseOf = new Map<number, string>();
  const phase = (id: number | undefined): string => {
    if (id === undefined) return REST;
    const known = phaseOf.get(id);
    if (known !== undefined) return known;
    const { functionName, url } = nodes.get(id)!.callFrame;
    const marker = MARKERS.find(({ file, name }) => name === functionName && url.endsWith(`/${file}`));
    if (marker) matched.add(marker);
    const found = marker?.phase ?? (functionName === '(garbage collector)' ? COLLECTOR : phase(parents.get(id)));
    phaseOf.set(id, found);
    return found;
  };

  const phases: Record<string, number> = {};
  for (const name of [...MARKERS.map((marker) => marker.phase), COLLECTOR, REST]) phases[name] = 0;
  const own = new Map<string, { name: string; where: string; phase: string; ms: number }>();
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const { functionName, url, lineNumber } = nodes.get(id)!.callFrame;
    if (functionName === '(idle)') continue;
    // The time until the next sample is this one's.
    const ms = (profile.timeDeltas?.[index + 1] ?? 0) / 1000;
    const at = phase(id);
    phases[at] = (phases[at] ?? 0) + ms;
    const where = url === '' ? 'V8' : `${url.replace(/^.*\/(node_modules|fleet|constructs|apps)\//, '$1/')}:${lineNumber + 1}`;
    const name = functionName === '' ? '(anonymous)' : functionName;
    const key = `${name} ${where} ${at}`;
    const entry = own.get(key);
    if (entry) entry.ms += ms;
    else own.set(key, { name, where, phase: at, ms });
  }
  // Samples tell the time that passed, also while another process had the core: their shares are of use, not their sum.
  const scale = cpuMs / Object.values(phases).reduce((sum, ms) => sum + ms, 0);
  for (const name of Object.keys(phases)) phases[name]! *= scale;
  const hot = [...own.values()]
    .sort((a, b) => b.ms - a.ms)
    .slice(0, 40)
    .map((entry) => ({ ...entry, ms: entry.ms * scale }));
  const unmatched = MARKERS.filter((marker) => !matched.has(marker)).map(({ name, file }) => `${name} in ${file}`);
  return { cpuMs, phases, hot, unmatched };
}
