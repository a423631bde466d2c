import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { checkFleetFolder } from '../../model/check-folder';
import { FleetContext } from '../../apps/render/fleet-context';
import { renderFleet } from '../../apps/render/render-fleet';
import { catalogue } from '../../chains';
import type { ComponentSpec } from '../../chains/component';
import type { Manifest } from '../../constructs/manifest';
import { formatProblems } from '../../model/errors';
import { append, EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import { KEYS_LOCK_FILE } from '../../model/keys/journal';
import type { Fleet } from '../../model/types';
import { componentName, keySecretPath, networkNamespace, nodeSecretPath } from '../../naming';
import { manifestsOf, type ClusterManifests } from '../cluster/example';
import type { KeptSecret } from './secret-manager';

export const CLUSTER = 'gke-nodes';
export const ZONE = 'europe-west1-b';
export const POOL = 'staking';
export const COSMOS = 'cosmos-nodes';
export const ETHEREUM = 'ethereum-hoodi';
export type NetworkName = typeof COSMOS | typeof ETHEREUM;
export const EXECUTION_NODE = 'hoodi-0';
export const VALIDATORS = ['val-0', 'val-1', 'val-2', 'val-3'] as const;
export const SENTRIES = ['sentry-0', 'sentry-1'] as const;
export const CHAIN_ID = 'stockade-nodes-1';
export const P2P_PORT = 31000;

/** The image of a client or of the agent, as it was built. */
export interface BuiltImage {
  readonly repository: string;
  readonly version: string;
  readonly digest: string;
}

export interface FleetVariant {
  /** What each network runs: one of its {@link FleetImages}. */
  readonly geth: BuiltImage;
  readonly cometbft: BuiltImage;
  /** Whether validators may start on an empty signing volume. */
  readonly firstStart: boolean;
}

export interface FleetImages {
  readonly geth: readonly BuiltImage[];
  readonly cometbft: readonly BuiltImage[];
  readonly agent: BuiltImage;
}

/**
 * A raw ed25519 secret of the test's chain. Made from its name, so that keys are the same in every run and lie in no file: they guard
 * nothing.
 */
export function seedOf(name: string): Buffer {
  return createHash('sha256').update(`stockade real nodes, ${name}`).digest();
}

/** RFC 8410: a seed as PKCS #8, and a public key's last 32 bytes. */
export function publicKeyOf(seed: Buffer): Buffer {
  const key = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
}

/** CometBFT's addresses of validators and ids of nodes. */
export const addressOf = (publicKey: Buffer): string => createHash('sha256').update(publicKey).digest('hex').slice(0, 40);

export const validatorKey = (node: string): string => publicKeyOf(seedOf(`${node} validator`)).toString('base64');
export const nodeId = (node: string): string => addressOf(publicKeyOf(seedOf(`${node} node`)));

/** Where the secret manager has each secret of the fleet, the secret, and the service account that it is for. */
export function secretsOfFleet(): Map<string, KeptSecret> {
  const of = (network: string, node: string, component: string, raw: Buffer): KeptSecret => ({ raw, account: `${networkNamespace(network)}:${componentName(node, component)}` });
  return new Map([
    [nodeSecretPath(ETHEREUM, CLUSTER, EXECUTION_NODE, 'jwt'), of(ETHEREUM, EXECUTION_NODE, 'execution', seedOf('jwt'))],
    ...VALIDATORS.map((node): [string, KeptSecret] => [keySecretPath(COSMOS, validatorKey(node)), of(COSMOS, node, 'node', seedOf(`${node} validator`))]),
    ...[...VALIDATORS, ...SENTRIES].map((node): [string, KeptSecret] => [nodeSecretPath(COSMOS, CLUSTER, node, 'node-key'), of(COSMOS, node, 'node', seedOf(`${node} node`))]),
  ]);
}

/** The genesis of the test's chain: four validators of equal power, of whom three make blocks. */
export function genesis(at: Date): string {
  return JSON.stringify({
    genesis_time: at.toISOString(),
    chain_id: CHAIN_ID,
    initial_height: '1',
    consensus_params: {
      block: { max_bytes: '1048576', max_gas: '-1' },
      evidence: { max_age_num_blocks: '100000', max_age_duration: '172800000000000', max_bytes: '262144' },
      validator: { pub_key_types: ['ed25519'] },
      version: { app: '1' },
    },
    validators: VALIDATORS.map((name) => {
      const key = publicKeyOf(seedOf(`${name} validator`));
      return { address: addressOf(key).toUpperCase(), pub_key: { type: 'tendermint/PubKeyEd25519', value: key.toString('base64') }, power: '10', name };
    }),
    app_hash: '',
  });
}

/** A small fleet of one cluster, written, checked and rendered as `npm run synth` does it. */
export class NodesFleet {
  constructor(
    /** Where it is written, anew for each variant. */
    private readonly folder: string,
    private readonly images: FleetImages,
    private readonly prefix: string,
    private readonly genesisSha256: string,
  ) {}

  /** The fleet with these releases, and its manifests. @throws Error with the fleet's own words where it is refused */
  async render(variant: FleetVariant): Promise<{ readonly fleet: Fleet; readonly manifests: ClusterManifests }> {
    rmSync(this.folder, { recursive: true, force: true });
    const source = join(this.folder, 'fleet');
    this.write(source, variant);
    const { fleet, problems } = checkFleetFolder(source, catalogue);
    if (fleet === undefined) throw new Error(formatProblems(problems, source));
    const out = join(this.folder, 'dist');
    await renderFleet(fleet, catalogue, { out, format: 'plain', version: '0.0.0', selection: {} });
    return { fleet, manifests: manifestsOf({ fleet, folder: out, remove: () => undefined }, CLUSTER) };
  }

  private write(folder: string, { geth, cometbft, firstStart }: FleetVariant): void {
    const file = (name: string, value: unknown): void => {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), typeof value === 'string' ? value : stringify(value));
    };
    const { agent } = this.images;
    const group = (name: string): object => ({ gcp: [`staking-${name}@example.com`], aws: [`staking-${name}`] });
    file('settings.yaml', {
      organisation: 'stockade-test',
      requireDigest: true,
      registries: [...new Set([agent, geth, cometbft].map(({ repository }) => repository.slice(0, repository.lastIndexOf('/'))))],
      access: Object.fromEntries(['viewers', 'operators', 'deployers', 'planners', 'breakGlass', 'dataCustodians', 'platform'].map((name) => [name, group(name.toLowerCase())])),
      agent: { image: agent.repository, version: agent.version, digest: agent.digest },
      limits: { concentration: [] },
    });
    file(`clusters/${CLUSTER}.yaml`, {
      cloud: 'gcp',
      project: 'stockade-test',
      region: 'europe-west1',
      zones: [ZONE],
      kubernetesVersion: '1.34',
      podsPerMachine: 64,
      pools: [
        { name: POOL, machineType: 'n2-standard-8', chains: ['ethereum', 'cosmos'], exposure: 'private', taints: [TAINT], bootDiskGiB: 100, maxMachinesPerZone: 2, headroomMachines: 1 },
      ],
      ranges: { machines: `${this.prefix}.0.0/24`, pods: `${this.prefix}.8.0/21`, services: `${this.prefix}.32.0/20`, controlPlane: `${this.prefix}.64.0/28` },
    });
    const client = (name: string, all: readonly BuiltImage[], now: BuiltImage): object => ({
      [name]: {
        image: now.repository,
        releases: all.map(({ version, digest }) => ({ version, digest, dataSchema: 1 })),
        rings: { main: now.version },
      },
    });
    file(`networks/${ETHEREUM}.yaml`, {
      chain: 'ethereum',
      kind: 'testnet',
      keyMoveWaitMinutes: 30,
      options: { network: 'hoodi' },
      rings: ['main'],
      clients: { execution: client('geth', this.images.geth, geth) },
    });
    file(`networks/${COSMOS}.yaml`, {
      chain: 'cosmos',
      kind: 'testnet',
      keyMoveWaitMinutes: 60,
      options: {
        chainId: CHAIN_ID,
        denom: 'ustake',
        timeoutCommit: '500ms',
        binary: 'cometbft',
        // CometBFT's own example application, which keeps its state beside the chain.
        startFlags: ['--proxy_app=persistent_kvstore'],
      },
      genesis: { url: 'https://genesis.example.com/genesis.json', sha256: this.genesisSha256 },
      rings: ['main'],
      clients: { node: client('cometbft', this.images.cometbft, cometbft) },
    });
    const defaults = { state: 'running', size: 'small', ring: 'main', zone: ZONE, reach: { via: 'outbound' } };
    file(`nodes/${CLUSTER}/${ETHEREUM}.yaml`, {
      defaults,
      nodes: [
        { name: EXECUTION_NODE, role: 'execution', clients: { execution: 'geth' }, ports: { base: 30303 }, keys: [], resources: { execution: { cpus: 0.1, memoryGiB: 2, volumesGiB: { 'chain-data': 10 } } } },
      ],
    });
    const cosmosNode = (name: string): object => ({ name, clients: { node: 'cometbft' }, resources: { node: { cpus: 0.05, memoryGiB: 0.5, volumesGiB: { 'chain-data': 10 } } } });
    const options = { minimumGasPrices: '0ustake', doubleSignCheckHeight: 0 };
    file(`nodes/${CLUSTER}/${COSMOS}.yaml`, {
      defaults: { ...defaults, options },
      nodes: [
        ...VALIDATORS.map((name, index) => ({
          ...cosmosNode(name),
          role: 'validator',
          ports: { base: P2P_PORT + index },
          keys: [validatorKey(name)],
          firstStart: firstStart ? 'approved' : 'refused',
          options: { publicNodeId: nodeId(name), sentries: [...SENTRIES] },
        })),
        ...SENTRIES.map((name, index) => ({ ...cosmosNode(name), role: 'sentry', ports: { base: P2P_PORT + 10 + index }, keys: [], options: { publicNodeId: nodeId(name) } })),
      ],
    });
    const placed = VALIDATORS.map((node) => ({ act: 'place' as const, key: validatorKey(node), network: COSMOS, cluster: CLUSTER, node, by: 'test@example.com' }));
    file(KEYS_LOCK_FILE, append(parse(EMPTY_KEYS_LOCK), placed, new Date()));
  }
}

export const TAINT = { key: 'stockade.dev/pool', value: POOL, effect: 'NoSchedule' } as const;

/** What the chain's definition declares of the one component of a node. */
export function componentOf(fleet: Fleet, name: string): ComponentSpec {
  return new FleetContext(fleet, catalogue).componentsOf(fleet.nodes.find((node) => node.name === name)!)[0]!;
}

/** The objects of some of the fleet's nodes. */
export const ofNodes = (manifests: readonly Manifest[], ...nodes: readonly string[]): Manifest[] =>
  manifests.filter(({ metadata }) => nodes.includes(metadata.labels?.['stockade.dev/node'] ?? ''));
