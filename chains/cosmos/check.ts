import type { ChainNode, ChainProblem } from '../../model/catalogue';
import { unknownResources } from '../shared';
import { API_PORT, GRPC_PORT, METRICS_PORT, RPC_PORT } from './config';
import { networkOptionsOf, optionsOf } from './options';
import { COMPONENT, DISCOVERED, publicAddress, sentriesOf } from './topology';

/** The program of each client that this definition knows. */
export const BINARIES: Readonly<Record<string, string>> = { gaia: 'gaiad', osmosis: 'osmosisd' };

/** An object of the API server, ConfigMaps included, holds 1 MiB; what else is in it needs room. */
const LARGEST_GENESIS_BYTES = 768 * 1024;

export function checkNode(node: ChainNode, volumes: readonly string[]): ChainProblem[] {
  return [
    ...checkTopology(node),
    ...checkPublicNodeId(node),
    ...checkReach(node),
    ...checkGenesis(node),
    ...checkApp(node),
    ...checkBinary(node),
    ...unknownResources(node, { [COMPONENT]: volumes }),
  ];
}

function checkTopology(node: ChainNode): ChainProblem[] {
  const { sentries, directP2P } = optionsOf(node);
  if (node.role !== 'validator') {
    return (['sentries', 'directP2P'] as const)
      .filter((option) => optionsOf(node)[option] !== undefined)
      .map((option) => ({ path: ['options', option], problem: `a ${node.role} node has no ${option}: they are a validator's`, next: 'Remove it, or change the role.' }));
  }
  if ((sentries === undefined) === (directP2P === undefined)) {
    return [
      {
        path: ['options', sentries === undefined ? 'sentries' : 'directP2P'],
        problem: sentries === undefined ? 'how this validator meets the network is not declared' : 'this validator has sentries and says that it meets the network itself',
        next: 'Name its sentries, or say `directP2P: true`, one of the two.',
      },
    ];
  }
  if (sentries === undefined) return [];
  const problems: ChainProblem[] = [];
  sentries.forEach((name, index) => {
    const path = ['options', 'sentries', index];
    if (sentries.indexOf(name) !== index) {
      problems.push({ path, problem: `sentry "${name}" is named twice`, next: 'Name each sentry once.' });
    }
    const sentry = node.peers[name];
    if (!sentry || sentry.sameCluster) return;
    if (sentry.reach.via === 'outbound') {
      problems.push({
        path,
        problem: `sentry "${name}" is in another cluster and reached by nobody there (\`via: outbound\`)`,
        next: 'Give the sentry a load balancer or a node port, or name one of this cluster.',
      });
    }
  });
  if (node.reach.via !== 'outbound') {
    problems.push({
      path: ['reach', 'via'],
      problem: `a validator with sentries must not be reachable itself, and this one is by ${node.reach.via}`,
      next: 'Say `via: outbound`: its sentries are reached in its place.',
    });
  }
  return problems;
}

function checkPublicNodeId(node: ChainNode): ChainProblem[] {
  const { publicNodeId, sentries } = optionsOf(node);
  if (publicNodeId === undefined) {
    if (node.role !== 'sentry' && sentries === undefined) return [];
    return [
      {
        path: ['options', 'publicNodeId'],
        problem: node.role === 'sentry' ? 'a sentry must name its node id: validators dial it by that' : 'a validator with sentries must name its node id: they keep it private by that',
        next: 'Give the 40 hexadecimal digits that `comet show-node-id` prints for its node key.',
      },
    ];
  }
  return sentriesOf(node)
    .filter((sentry) => optionsOf(sentry).publicNodeId === publicNodeId)
    .map(({ name }) => ({
      path: ['options', 'publicNodeId'],
      problem: `sentry "${name}" has the same node id ${publicNodeId}`,
      next: 'Give each node a node key of its own.',
    }));
}

function checkReach(node: ChainNode): ChainProblem[] {
  const problems: ChainProblem[] = [];
  if (node.reach.via === 'nodePort' && node.reach.address === DISCOVERED && publicAddress(node) === undefined) {
    problems.push({
      path: ['reach', 'address'],
      problem: 'CometBFT does not find out its public address: nobody would learn where to dial',
      next: 'Give the machine\'s public address, or use a load balancer.',
    });
  }
  if ([RPC_PORT, METRICS_PORT, API_PORT, GRPC_PORT].includes(node.portBase)) {
    problems.push({
      path: ['ports', 'base'],
      problem: `port ${node.portBase} is taken inside the node, by its RPC, metrics, REST or gRPC`,
      next: `Choose another than ${[RPC_PORT, METRICS_PORT, API_PORT, GRPC_PORT].join(', ')}.`,
    });
  }
  return problems;
}

function checkGenesis(node: ChainNode): ChainProblem[] {
  if (node.genesisContent !== undefined && Buffer.byteLength(node.genesisContent) > LARGEST_GENESIS_BYTES) {
    return [
      {
        path: ['network'],
        problem: `the genesis has ${Buffer.byteLength(node.genesisContent)} bytes, more than a ConfigMap can carry (${LARGEST_GENESIS_BYTES})`,
        next: 'Declare it by URL and checksum.',
      },
    ];
  }
  if (node.genesis && 'url' in node.genesis && /\.(gz|xz|zst|zip|tar)$/.test(new URL(node.genesis.url).pathname)) {
    return [
      {
        path: ['network'],
        problem: `the genesis at ${node.genesis.url} is packed, and the node reads plain JSON`,
        next: 'Put the unpacked file where it can be fetched, and declare that URL with its own checksum.',
      },
    ];
  }
  return [];
}

function checkApp(node: ChainNode): ChainProblem[] {
  const { minimumGasPrices, pruning, snapshotInterval } = optionsOf(node);
  const { denom } = networkOptionsOf(node);
  const problems: ChainProblem[] = [];
  const denoms = minimumGasPrices.split(',').map((price) => price.replace(/^[0-9.]+/, ''));
  if (!denoms.includes(denom)) {
    problems.push({
      path: ['options', 'minimumGasPrices'],
      problem: `"${minimumGasPrices}" has no price in ${denom}, in which this network's fees are paid`,
      next: `Name a price in ${denom}.`,
    });
  }
  const twice = denoms.find((candidate, index) => denoms.indexOf(candidate) !== index);
  if (twice !== undefined) {
    problems.push({ path: ['options', 'minimumGasPrices'], problem: `"${minimumGasPrices}" has two prices in ${twice}`, next: 'Name one price for each denomination.' });
  }
  if (pruning === 'everything' && snapshotInterval > 0) {
    problems.push({
      path: ['options', 'snapshotInterval'],
      problem: 'the client refuses to start with snapshots and `pruning: everything`',
      next: 'Set snapshotInterval to 0, or prune less.',
    });
  }
  for (const option of (['api', 'grpc'] as const).filter((candidate) => node.role !== 'full' && optionsOf(node)[candidate])) {
    problems.push({ path: ['options', option], problem: `a ${node.role} node does not serve ${option}`, next: 'Serve it from a full node.' });
  }
  return problems;
}

function checkBinary(node: ChainNode): ChainProblem[] {
  const { client } = node.clients[COMPONENT]!;
  if (networkOptionsOf(node).binary !== undefined || client in BINARIES) return [];
  return [
    {
      path: ['clients', COMPONENT],
      problem: `the program of client "${client}" is not known`,
      next: `Name it as \`binary\` in the options of network "${node.network}". Known are ${Object.keys(BINARIES).join(', ')}.`,
    },
  ];
}
