import { neverSuggested, unknown } from './kind';

/** What is named but not declared. */
export const referenceProblems = {
  unknownCluster: unknown('unknown-cluster', 'cluster', 'Create clusters/<cluster>.yaml, or correct the name.'),
  unknownNetwork: unknown('unknown-network', 'network', 'Create networks/<network>.yaml, or correct the name.'),
  unknownChain: unknown('unknown-chain', 'chain', 'Correct the name, or add a chain definition.'),
  unknownZone: unknown('unknown-zone', 'zone', "Choose a zone that the cluster's file lists. A node's disks are in one zone for good.", neverSuggested),
  unknownRole: unknown('unknown-role', 'role', 'Choose a role that the chain definition has.'),
  unknownSize: unknown('unknown-size', 'size', 'Choose a size class of the chain definition.'),
  unknownRing: unknown('unknown-ring', 'ring', "Choose a ring of the network's file, or add it there."),
  unknownComponent: unknown('unknown-component', 'component', 'Name a component that is there, or remove the entry.'),
  unknownClient: unknown('unknown-client', 'client', 'Choose a client that the chain definition knows for this component.'),
  unknownPool: unknown('unknown-pool', 'pool', "Choose a pool of the cluster's file, or add it there."),
  unknownVersion: unknown('unknown-version', 'version', 'Add the version to the releases of this client, or name one of them.', neverSuggested),
  unknownPeer: unknown('unknown-peer', 'node', 'Correct the name, or declare the node that is meant.'),
  unknownVolume: unknown('unknown-volume', 'volume', 'Name a volume that the component has, or remove the entry.'),
  unknownMachineType: unknown(
    'unknown-machine-type',
    'machine type',
    'Correct the name, or declare "machine:" with its vCPUs, memory and attachable volumes.',
  ),
  unknownNode: unknown('unknown-node', 'node', 'Record what the cloud has now, or remove the entry.'),
} as const;
