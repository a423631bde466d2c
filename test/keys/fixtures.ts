import type { ChainCatalogue, ChainEntry } from '../../model/catalogue';
import type { Locate } from '../../model/keys/agreement';
import { append, EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import type { DraftEntry, KeysLock } from '../../model/keys/journal';
import type { Fleet, FleetNode, Network, Settings } from '../../model/types';

const groups = { gcp: ['a@example.com'], aws: ['a'] };
const settings: Settings = {
  organisation: 'example',
  requireDigest: false,
  registries: ['docker.io/'],
  labels: {},
  access: { viewers: groups, operators: groups, deployers: groups, planners: groups, breakGlass: groups, dataCustodians: groups, platform: groups },
  agent: { image: 'registry.example.com/agent', version: 'v1' },
  limits: { concentration: [] },
};

const network = (name: string, keyMoveWaitMinutes: number): Network => ({
  name,
  chain: 'example',
  kind: 'testnet',
  options: {},
  keyMoveWaitMinutes,
  rings: ['first'],
  clients: {},
});

/** Keys of this chain are hexadecimal, in any case, with or without 0x. */
const chain: ChainEntry = {
  name: 'example',
  keyMoveFloor: { minutes: () => 20, longestMinutes: 20, reason: 'two epochs and a margin' },
  parseKey: (key) => {
    const digits = key.toLowerCase().replace(/^0x/, '');
    return /^[0-9a-f]+$/.test(digits) ? { canonical: `0x${digits}` } : { problem: 'is not hexadecimal', next: 'Give a hexadecimal key.' };
  },
} as Partial<ChainEntry> as ChainEntry;

export const catalogue: ChainCatalogue = { chains: { example: chain }, agentDemand: { cpuMillis: 0, memoryMiB: 0, ephemeralMiB: 0 } };

/** Where a declaration would be if each node took ten lines. */
export const locate: Locate = ({ file, path }) => ({
  file,
  line: 10 * (Number(path[1]) + 1) + (path.length > 2 ? 1 + Number(path[3] ?? 0) : 0),
  column: 5,
});

export interface TinyNode {
  readonly at: string;
  readonly keys: readonly string[];
  readonly state?: FleetNode['state'];
  readonly network?: string;
}

export function fleetOf(nodes: readonly TinyNode[]): Fleet {
  return {
    settings,
    clusters: {},
    networks: { hoodi: network('hoodi', 30), slow: network('slow', 120) },
    observed: {},
    nodes: nodes.map(({ at, keys, state = 'running', network: name = 'hoodi' }, index): FleetNode => {
      const [cluster = '', node = ''] = at.split('/');
      return {
        name: node,
        cluster,
        network: name,
        state,
        role: 'validator',
        zone: 'a',
        clients: {},
        size: 'small',
        ring: 'first',
        reach: { via: 'outbound' },
        pools: {},
        resources: {},
        consumers: [],
        options: {},
        keys: [...keys],
        ports: { base: 30300 },
        firstStart: 'refused',
        source: { file: `nodes/${cluster}/${name}.yaml`, path: ['nodes', index] },
      };
    }),
  };
}

export const place = (key: string, at: string, network = 'hoodi'): DraftEntry => draft('place', key, at, network);
export const retire = (key: string, at: string, network = 'hoodi'): DraftEntry => ({
  ...draft('retire', key, at, network),
  proof: 'pod gone, machine deleted',
});

function draft(act: DraftEntry['act'], key: string, at: string, network: string): DraftEntry {
  const [cluster = '', node = ''] = at.split('/');
  return { act, key, network, cluster, node };
}

/** A lock grown in steps, each at its own time. */
export function lockOf(...steps: readonly (readonly [time: string, ...drafts: DraftEntry[]])[]): KeysLock {
  return steps.reduce((lock, [time, ...drafts]) => parse(append(lock, drafts, new Date(time))), parse(EMPTY_KEYS_LOCK));
}
