import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { catalogue } from '../../chains';
import type { Network } from '../../model/schema/network';
import { ROOT } from './command';

const FLEET = join(ROOT, 'fleet');
const { fleet } = checkFleetFolder(FLEET, catalogue);
const NETWORKS = Object.values(fleet!.networks);

/** Fusaka: mainnet on 3 December 2025, by the announcement of each client. mev-boost knows hoodi since 1.10. */
const FUSAKA = {
  geth: '1.16.7', nethermind: '1.35.2', reth: '1.9.1', besu: '25.11.0', erigon: '3.2.2',
  lighthouse: '8.0.0', prysm: '7.0.1', teku: '25.11.0', nimbus: '25.11.0', lodestar: '1.36.0',
  'mev-boost': '1.10',
};

/** The first release of each client that can follow a network as it was in August 2026. A network that is added here says where it stands. */
const LEAST: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'ethereum-mainnet': FUSAKA,
  'ethereum-hoodi': FUSAKA,
  // Granite, 19 November 2025.
  'avalanche-mainnet': { avalanchego: '1.14.0' },
  // gaia registers one upgrade in each release, named after it: cosmoshub-4 and its testnet stand at v28.
  cosmoshub: { gaia: '28.0.0' },
  'cosmos-provider': { gaia: '28.0.0' },
  osmosis: { osmosis: '31.0.0' },
  polkadot: { polkadot: '2512' },
  'polkadot-asset-hub': { 'polkadot-parachain': '2512' },
  // What 4.0 brought was activated from May 2026 on.
  'solana-mainnet': { agave: '4.0.0' },
  'solana-testnet': { agave: '4.0.0' },
};

const numbers = (version: string): number[] => (/\d+(?:[.-]\d+)*/.exec(version)?.[0] ?? '').split(/[.-]/).map(Number);

function isOlder(version: string, than: string): boolean {
  const [a, b] = [numbers(version), numbers(than)];
  const index = Array.from({ length: Math.max(a.length, b.length) }, (_, at) => at).find((at) => (a[at] ?? 0) !== (b[at] ?? 0));
  return index !== undefined && (a[index] ?? 0) < (b[index] ?? 0);
}

/** Each ring's release of each client. */
const running = ({ name, rings, clients }: Network) =>
  Object.entries(clients).flatMap(([component, of]) =>
    Object.entries(of).flatMap(([client, declared]) => rings.map((ring, index) => ({ where: `${name}: ${component} ${client}, ring ${ring}`, client, version: declared.rings[ring]!, before: declared.rings[rings[index - 1] ?? ring]! }))),
  );

const standingStill = (network: Network): string[] =>
  running(network)
    .filter(({ client, version }) => LEAST[network.name]?.[client] === undefined || isOlder(version, LEAST[network.name]![client]!))
    .map(({ where, version }) => `${where}, runs ${version}`);

describe('the releases of the example', () => {
  it('can follow their networks, in every ring', () => {
    expect(NETWORKS.flatMap(standingStill)).toEqual([]);
  });

  it('and one that can not is named: the release of before, in the last ring alone', () => {
    const mainnet = fleet!.networks['ethereum-mainnet']!;
    const { geth } = mainnet.clients['execution']!;
    const old: Network = { ...mainnet, clients: { ...mainnet.clients, execution: { geth: { ...geth!, rings: { ...geth!.rings, main: 'v1.16.5' } } } } };
    expect(standingStill(old)).toEqual(['ethereum-mainnet: execution geth, ring main, runs v1.16.5']);
    expect(standingStill({ ...mainnet, name: 'of-tomorrow' }).length).toBe(running(mainnet).length);
  });

  it('are newest in the first ring, and never newer in a later one', () => {
    expect(NETWORKS.flatMap(running).filter(({ version, before }) => isOlder(before, version)).map(({ where }) => where)).toEqual([]);
    expect(isOlder('v1.17.5', 'v1.17.4')).toBe(false);
    expect(isOlder('stable2603-5', 'stable2606')).toBe(true);
    expect(isOlder('multiarch-v26.6.2', 'multiarch-v26.7.0')).toBe(true);
  });

  it('are the same for a client\'s beacon node and validator client, ring by ring', () => {
    for (const { clients, name } of NETWORKS) {
      for (const [client, { rings }] of Object.entries(clients['validator'] ?? {})) expect(rings, `${name}: ${client}`).toEqual(clients['consensus']![client]!.rings);
    }
  });

  it.each(NETWORKS.map(({ name }) => name))('are dated in fleet/networks/%s.yaml', (name) => {
    expect(readFileSync(join(FLEET, 'networks', `${name}.yaml`), 'utf8')).toMatch(/^# Releases as of (January|February|March|April|May|June|July|August|September|October|November|December) 20\d\d\b/m);
  });
});
