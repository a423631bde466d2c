import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { append, EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import type { DraftEntry } from '../../model/keys/journal';
import { stockade, type Ran } from '../run';

/** Keys that nobody could take for real ones. */
export const key = (digit: string): string => `0x8${digit.repeat(95)}`;

export interface NodeOf {
  readonly keys: readonly string[];
  readonly state?: string;
}

const LOCK = 'fleet/keys.lock';

/** A git repository with a small fleet of Ethereum validators in two clusters, `eu` and `us`, and the command run in it as a person would. */
export class ScratchRepository {
  readonly folder = mkdtempSync(join(tmpdir(), 'stockade-keys-'));

  constructor() {
    this.git('init', '--quiet', '--initial-branch=main');
    this.git('config', 'user.email', 'ana@example.com');
    this.git('config', 'user.name', 'Ana');
    for (const [file, text] of Object.entries(FILES)) this.write(`fleet/${file}`, text);
  }

  /** Declares the nodes of both clusters, by `cluster/node`. */
  declare(nodes: Readonly<Record<string, NodeOf>>): this {
    for (const cluster of ['eu', 'us']) {
      const entries = Object.entries(nodes).filter(([name]) => name.startsWith(`${cluster}/`));
      this.write(
        `fleet/nodes/${cluster}/hoodi.yaml`,
        `${DEFAULTS}    zone: ${cluster === 'eu' ? 'europe-west1-b' : 'us-east4-a'}`.replace('    zone', '  zone') +
        (entries.length === 0 ? '\nnodes: []\n' : `\nnodes:\n${entries.map(([name, node], index) => entry(name.slice(3), node, index)).join('')}`),
      );
    }
    return this;
  }

  keys(...args: string[]): Promise<Ran> {
    return stockade(['keys', ...args], { cwd: this.folder });
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...(this.committed === undefined ? {} : { GIT_COMMITTER_DATE: this.committed.toISOString() }) } });
  }

  private committed: Date | undefined;

  /** @param time that the commit bears; by default that of the journal's last entry, as if it had been merged at once */
  commit(message: string, time?: Date): this {
    const last = this.hasLock ? parse(this.lock).entries.at(-1)?.at : undefined;
    this.git('add', '--all');
    this.committed = time ?? (last === undefined ? undefined : new Date(last));
    this.git('commit', '--quiet', '--allow-empty', '--message', message);
    this.committed = undefined;
    return this;
  }

  /** Writes a lock as it would have grown at these times, each step merged by itself. */
  history(...steps: readonly (readonly [time: Date, ...drafts: DraftEntry[]])[]): this {
    this.lock = steps.reduce((text, [time, ...drafts]) => append(parse(text), drafts, time), EMPTY_KEYS_LOCK);
    return this;
  }

  get lock(): string {
    return readFileSync(join(this.folder, LOCK), 'utf8');
  }

  set lock(text: string) {
    this.write(LOCK, text);
  }

  get hasLock(): boolean {
    return existsSync(join(this.folder, LOCK));
  }

  /** What lies in the fleet's folder: nothing half-written may stay there. */
  get fleetFiles(): string[] {
    return readdirSync(join(this.folder, 'fleet')).sort();
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), text);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const cluster = (region: string, zone: string, net: number): string => `cloud: gcp
project: example-staking
region: ${region}
zones: [${zone}]
kubernetesVersion: "1.34"
ranges:
  machines: 10.${net}.0.0/20
  pods: 10.${net}.64.0/18
  services: 10.${net}.16.0/20
  controlPlane: 172.16.${net}.0/28
podsPerMachine: 64
pools:
  - name: ethereum
    machineType: n2-standard-16
    chains: [ethereum]
    exposure: private
    taints: [{ key: stockade.dev/pool, value: ethereum, effect: NoSchedule }]
    bootDiskGiB: 100
    maxMachinesPerZone: 8
    headroomMachines: 0
`;

const groups = '{ gcp: [staking@example.com], aws: [staking] }';
const FILES = {
  'settings.yaml': `organisation: example
requireDigest: false
registries: [docker.io/ethereum, docker.io/sigp, registry.example.com/staking]
access: { viewers: ${groups}, operators: ${groups}, deployers: ${groups}, planners: ${groups}, breakGlass: ${groups}, dataCustodians: ${groups}, platform: ${groups} }
agent: { image: registry.example.com/staking/secret-agent, version: 0.1.0 }
limits: {}
`,
  'clusters/eu.yaml': cluster('europe-west1', 'europe-west1-b', 20),
  'clusters/us.yaml': cluster('us-east4', 'us-east4-a', 21),
  'networks/hoodi.yaml': `chain: ethereum
kind: testnet
keyMoveWaitMinutes: 30
options:
  network: hoodi
  checkpointUrls: [https://checkpoint.example.com]
rings: [main]
clients:
  execution:
    geth: { image: docker.io/ethereum/client-go, releases: [{ version: v1.16.7, dataSchema: 1 }], rings: { main: v1.16.7 } }
  consensus:
    lighthouse: { image: docker.io/sigp/lighthouse, releases: [{ version: v8.0.1, dataSchema: 1 }], rings: { main: v8.0.1 } }
  validator:
    lighthouse: { image: docker.io/sigp/lighthouse, releases: [{ version: v8.0.1, dataSchema: 1 }], rings: { main: v8.0.1 } }
`,
};

const DEFAULTS = `defaults:
  state: running
  role: validator
  size: small
  ring: main
  reach: { via: outbound }
  clients: { execution: geth, consensus: lighthouse, validator: lighthouse }
  options: { feeRecipient: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", doppelgangerProtection: true }
`;

const entry = (name: string, { keys, state = 'running' }: NodeOf, index: number): string => `  - name: ${name}
    state: ${state}
    ports: { base: ${30400 + 10 * index} }
    keys: [${keys.map((value) => `"${value}"`).join(', ')}]
`;
