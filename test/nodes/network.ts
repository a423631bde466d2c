import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { createServer, connect, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Api, LiveObject } from '../cluster/api';
import type { ControlPlane } from '../cluster/control-plane';
import { withSbin } from './binaries';
import { Namespaces } from './namespaces';

/**
 * The network of a cluster of real nodes: a switch in a namespace of its own, one cable to the control plane and one to each machine.
 * With the switch's process everything of it is gone, cables and routes included.
 */
export class Network {
  private forwarder: Server | undefined;
  private names: Socket | undefined;

  private constructor(
    /** The first two numbers of its addresses. */
    readonly prefix: string,
    private readonly lab: Namespaces,
  ) {}

  /** Where the control plane is, as machines and pods see it. */
  get address(): string {
    return `${this.prefix}.0.1`;
  }

  static async create(controlPlane: ControlPlane): Promise<Network> {
    const prefix = freePrefix();
    const id = `s${prefix.split('.')[1]}`;
    const lab = await Namespaces.create(controlPlane, 'switch', ['net']);
    const network = new Network(prefix, lab);
    ip('link', 'add', `${id}-0`, 'type', 'veth', 'peer', 'name', 'control', 'netns', String(lab.pid));
    ip('addr', 'add', `${network.address}/24`, 'dev', `${id}-0`);
    ip('link', 'set', `${id}-0`, 'up');
    lab.run('ip', 'link', 'add', 'switch', 'type', 'bridge');
    lab.run('ip', 'link', 'set', 'switch', 'up');
    lab.run('ip', 'link', 'set', 'control', 'master', 'switch', 'up');
    return network;
  }

  /** The machine with a number: its address, and those of its pods. */
  addressOf(machine: number): string {
    return `${this.prefix}.0.${10 + machine}`;
  }

  podsOf(machine: number): string {
    return `${this.prefix}.${10 + machine}.0/24`;
  }

  /** Plugs a machine in, and tells everybody the way to its pods. */
  plug(name: string, number: number, machine: Namespaces, others: readonly (readonly [number, Namespaces])[]): void {
    this.lab.run('ip', 'link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(machine.pid));
    this.lab.run('ip', 'link', 'set', `to-${name}`, 'master', 'switch', 'up');
    machine.run('ip', 'link', 'set', 'lo', 'up');
    machine.run('ip', 'addr', 'add', `${this.addressOf(number)}/24`, 'dev', 'eth0');
    machine.run('ip', 'link', 'set', 'eth0', 'up');
    machine.run('ip', 'route', 'add', 'default', 'via', this.address);
    ip('route', 'add', this.podsOf(number), 'via', this.addressOf(number));
    for (const [other, namespaces] of others) {
      namespaces.run('ip', 'route', 'add', this.podsOf(number), 'via', this.addressOf(number));
      machine.run('ip', 'route', 'add', this.podsOf(other), 'via', this.addressOf(other));
    }
  }

  /** Takes a machine off the network: what runs on it goes on. */
  cut(name: string): void {
    this.lab.run('ip', 'link', 'set', `to-${name}`, 'down');
  }

  mend(name: string): void {
    this.lab.run('ip', 'link', 'set', `to-${name}`, 'up');
  }

  /** Opens the way from machines to the API server, which listens on the loopback address alone. @returns the port */
  async forward(port: number): Promise<number> {
    this.forwarder = createServer((inner) => {
      const outer = connect(port, '127.0.0.1');
      inner.on('error', () => outer.destroy()).on('close', () => outer.destroy());
      outer.on('error', () => inner.destroy()).on('close', () => inner.destroy());
      inner.pipe(outer).pipe(inner);
    });
    await new Promise<void>((resolve, reject) => this.forwarder!.once('error', reject).listen(0, this.address, resolve));
    return (this.forwarder.address() as { port: number }).port;
  }

  /**
   * Answers pods for names of Services, in a cluster DNS' place: a headless Service is its pods' addresses, unready ones if it says so.
   *
   * @param fixed names that no Service stands for
   */
  async answerNames(api: Api, fixed: Readonly<Record<string, string>>): Promise<void> {
    const socket = createSocket('udp4');
    this.names = socket;
    socket.on('message', (query, from) => {
      void addressesOf(api, fixed, query)
        .catch(() => 'failed' as const)
        .then((answer) => {
          if (this.names === socket) socket.send(reply(query, answer), from.port, from.address);
        });
    });
    await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(53, this.address, resolve));
  }

  async close(): Promise<void> {
    this.names?.close();
    this.names = undefined;
    await new Promise<void>((resolve) => (this.forwarder === undefined ? resolve() : this.forwarder.close(() => resolve())));
    await this.lab.end();
  }
}

const ip = (...args: readonly string[]): void => void execFileSync('ip', args, { env: withSbin(process.env), stdio: ['ignore', 'ignore', 'pipe'] });

/** 10.<n>: one that no interface of this machine is in. */
function freePrefix(): string {
  const used = Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
  for (let second = 100 + (process.pid % 100), tried = 0; tried < 100; tried++, second = 100 + ((second - 99) % 100)) {
    if (!used.some((address) => address.startsWith(`10.${second}.`))) return `10.${second}`;
  }
  throw new Error('every network from 10.100 to 10.199 is in use on this machine');
}

interface Slice extends LiveObject {
  readonly endpoints?: readonly { readonly addresses: readonly string[]; readonly conditions: { readonly ready?: boolean } }[];
}

type Answer = readonly string[] | 'unknown' | 'failed';

/** RFC 1035: one question, its name as labels with their lengths. */
function question(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.subarray(at + 1, at + 1 + length).toString('ascii'));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

async function addressesOf(api: Api, fixed: Readonly<Record<string, string>>, query: Buffer): Promise<Answer> {
  const { name, type } = question(query);
  const own = fixed[name];
  const [, service, namespace] = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc\.cluster\.local$/.exec(name) ?? [];
  if (own === undefined && service === undefined) return 'unknown';
  if (type !== 1) return [];
  if (own !== undefined) return [own];
  const found = await api.request('GET', `/api/v1/namespaces/${namespace}/services/${service}`);
  if (found.status === 404) return 'unknown';
  const slices = await api.list<Slice>(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io/service-name=${service}`);
  return slices.flatMap(({ endpoints = [] }) => (endpoints ?? []).filter(({ conditions }) => conditions.ready !== false).flatMap(({ addresses }) => addresses));
}

function reply(query: Buffer, answer: Answer): Buffer {
  const { end } = question(query);
  const addresses = typeof answer === 'string' ? [] : answer;
  const header = Buffer.from(query.subarray(0, 12));
  // An authoritative response: no error, NXDOMAIN or SERVFAIL.
  header.writeUInt16BE(0x8580 | (answer === 'unknown' ? 3 : answer === 'failed' ? 2 : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt32BE(0, 8);
  const records = addresses.map((address) => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]));
  return Buffer.concat([header, query.subarray(12, end), ...records]);
}
