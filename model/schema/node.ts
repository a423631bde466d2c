import { z } from 'zod';
import { ipv4, name, port } from './primitives';

const reach = z
  .discriminatedUnion('via', [
    z.strictObject({ via: z.literal('outbound') }).describe('Nobody dials in; the machine is behind NAT.'),
    z.strictObject({ via: z.literal('loadBalancer') }).describe('A layer-4 load balancer; its address is recorded under fleet/observed/.'),
    z
      .strictObject({ via: z.literal('nodePort'), address: z.union([ipv4, z.literal('discovered')]) })
      .describe('A node port on a machine with a public address, given here or found out by the client.'),
    z
      .strictObject({ via: z.literal('hostNetwork'), address: z.union([ipv4, z.literal('discovered')]) })
      .describe('The network of a machine with a public address. Only for chains that declare the exception.'),
  ])
  .describe('How the P2P network reaches this node.');

const resources = z.strictObject({
  cpus: z.number().min(0.05).max(512).optional(),
  memoryGiB: z.number().min(0.125).max(4096).optional(),
  volumesGiB: z.record(name, z.number().int().min(1).max(65536)).optional().describe('Size of a volume, by its name. May only grow.'),
});

const consumer = z
  .strictObject({
    namespace: name,
    podLabels: z.record(z.string(), z.string()).refine((labels) => Object.keys(labels).length > 0, 'must name at least one label'),
    component: name,
    ports: z.array(name).min(1),
  })
  .describe('Pods of this cluster, outside the staking namespaces, that may call ports of this node.');

const shared = {
  state: z.enum(['running', 'stopped', 'retired']).describe('Stopped keeps disks at zero replicas; retired removes the workload and keeps the disks.'),
  role: name.describe('What the node is for; the chain definition says which there are.'),
  zone: z.string().min(1).describe('Zone of the cluster; its disks are there for good.'),
  clients: z.record(name, name).describe('Component, then client.'),
  size: name.describe('Size class of the chain definition.'),
  ring: name,
  reach,
  pools: z.record(name, name).default({}).describe('Component, then pool, where the smallest pool that fits is not wanted.'),
  resources: z.record(name, resources).default({}).describe('Component, then what differs from its size class.'),
  consumers: z.array(consumer).default([]),
  options: z.record(z.string(), z.unknown()).default({}).describe('What this chain needs to know of a node; the chain definition says.'),
};

const own = {
  name,
  keys: z.array(z.string().min(1)).describe('Public keys that this node signs with. Never in defaults, never derived.'),
  ports: z.strictObject({ base: port.describe('First of the ports that the chain definition spans.') }),
  firstStart: z
    .enum(['refused', 'approved'])
    .default('refused')
    .describe('Approved: an empty signing volume is the right one. Take it back once the node has run.'),
};

/** One node once the file's defaults are merged in. */
export const nodeSchema = z.strictObject({ ...own, ...shared });

/** What the nodes of a file may share. Judged on each node once merged: a map may be completed by the node. */
export const nodeDefaultsSchema = z.strictObject(shared).partial();

/** `fleet/nodes/<cluster>/<network>.yaml`: the nodes of one network in one cluster. */
export const nodesFileSchema = z.strictObject({
  defaults: nodeDefaultsSchema
    .default({})
    .describe('Shared by the nodes of this file. Maps are merged key by key; lists and values, and a reach with its own `via`, are replaced.'),
  nodes: z.array(z.strictObject({ ...own, ...z.strictObject(shared).partial().shape })),
});

export type NodeDeclaration = z.output<typeof nodeSchema>;
export type ReachDeclaration = NodeDeclaration['reach'];
export type NodeState = NodeDeclaration['state'];
