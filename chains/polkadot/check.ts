import type { ChainNode, ChainProblem } from '../../model/catalogue';
import { unknownResources } from '../shared';
import { SESSION_KEYS, typeOf, type SessionKeyType } from './keys';
import { networkOptionsOf } from './options';
import { keysOf, METRICS_PORT, onParachain, PORT_SPAN, RELAY_METRICS_PORT, RELAY_RPC_PORT, RPC_PORT } from './roles';

const LAST_PORT = 65535;

export function checkNode(node: ChainNode, component: string, volumes: readonly string[]): ChainProblem[] {
  return [...checkRole(node), ...checkKeys(node), ...checkGenesis(node), ...checkPorts(node), ...unknownResources(node, { [component]: volumes })];
}

function checkRole(node: ChainNode): ChainProblem[] {
  const { relayChain, parachain } = networkOptionsOf(node);
  if (onParachain(node) === (parachain !== undefined)) return [];
  return [
    {
      path: ['role'],
      problem: parachain === undefined ? `a ${node.role} node is of a parachain, and this network is the relay chain "${relayChain}"` : `a ${node.role} node is of a relay chain, and this network is the parachain "${parachain}"`,
      next: parachain === undefined ? 'Choose validator or rpc, or name the network\'s `parachain`.' : 'Choose collator or parachain-rpc, or declare it in the network of the relay chain.',
    },
  ];
}

/** One key of each type. What is missing would be a duty that the node is paid for and can't do; what is too many belongs to another node. */
function checkKeys(node: ChainNode): ChainProblem[] {
  const wanted = keysOf(node);
  if (wanted.length === 0) return [];
  const types = node.keys.map(typeOf);
  return [
    ...wanted
      .filter((type) => !types.includes(type))
      .map((type) => ({ path: ['keys'], problem: `a ${node.role} signs ${SESSION_KEYS[type].signs} with a key of type "${type}", and this one has none`, next: `Add it: "${type}:0x...".` })),
    ...node.keys.flatMap((key, index): ChainProblem[] => {
      const type: SessionKeyType = typeOf(key);
      if (!wanted.includes(type)) return [{ path: ['keys', index], problem: `a ${node.role} signs nothing with a key of type "${type}"`, next: `Keep those of type ${wanted.join(', ')}.` }];
      return types.indexOf(type) === index ? [] : [{ path: ['keys', index], problem: `this is its second key of type "${type}"`, next: 'Keep the one that is on chain: `session.nextKeys` says which.' }];
    }),
  ];
}

function checkGenesis({ genesis }: ChainNode): ChainProblem[] {
  return genesis ? [{ path: ['network'], problem: 'a genesis is declared, and only chains that the client has built in are run here', next: 'Remove it from the network file.' }] : [];
}

function checkPorts({ portBase }: ChainNode): ChainProblem[] {
  const last = portBase + PORT_SPAN - 1;
  const inside = [RPC_PORT, RELAY_RPC_PORT, METRICS_PORT, RELAY_METRICS_PORT].find((port) => port >= portBase && port <= last);
  if (inside !== undefined) {
    return [{ path: ['ports', 'base'], problem: `the ports ${portBase} and ${last} hold ${inside}, which the node's RPC or metrics listen on`, next: 'Choose another base.' }];
  }
  return last > LAST_PORT ? [{ path: ['ports', 'base'], problem: `port ${last} is beyond ${LAST_PORT}`, next: `Choose a base of at most ${LAST_PORT - PORT_SPAN + 1}.` }] : [];
}
