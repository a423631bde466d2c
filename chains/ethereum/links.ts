import type { ChainNode } from '../../model/catalogue';
import { componentName, networkNamespace, serviceHost, unreadyServiceName } from '../../naming';
import type { SecretFile } from '../component';

/** The JWT that the Engine API is called with: one per node, made by the secret manager, read by both ends. */
export const JWT_FILE = '/secrets/jwt/jwt.hex';
export const jwtSecret: SecretFile = { name: 'jwt', kind: 'nodeSecret', format: 'jwt-hex', path: JWT_FILE };

export const ENGINE_PORT = 8551;
export const EXECUTION_RPC_PORT = 8545;
export const BUILDER_PORT = 18550;

/** The beacon API's port, by consensus client: its own default. */
export const BEACON_API_PORT: Readonly<Record<string, number>> = { lighthouse: 5052, prysm: 3500, teku: 5051, nimbus: 5052, lodestar: 9596 };

/** Found while not ready: an execution client becomes ready only because its consensus client can already reach it. */
export function engineUrl(node: ChainNode): string {
  return `http://${serviceHost(unreadyServiceName(node.name, 'execution', 'engine'), networkNamespace(node.network))}:${ENGINE_PORT}`;
}

export function builderUrl(node: ChainNode): string {
  return `http://${serviceHost(componentName(node.name, 'builder'), networkNamespace(node.network))}:${BUILDER_PORT}`;
}

/** The beacon API of a node of this network, found only while it is ready. */
export function beaconApiUrl(network: string, nodeName: string, client: string): string {
  return `http://${serviceHost(componentName(nodeName, 'consensus'), networkNamespace(network))}:${BEACON_API_PORT[client]}`;
}

/** The node's own beacon node first, then its fallbacks in their order. */
export function beaconApiUrls(node: ChainNode, fallbacks: readonly string[]): string[] {
  return [
    beaconApiUrl(node.network, node.name, node.clients['consensus']!.client),
    ...fallbacks.map((name) => beaconApiUrl(node.network, name, node.peers[name]!.clients['consensus']!.client)),
  ];
}
