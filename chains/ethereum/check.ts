import type { ChainNode, ChainProblem } from '../../model/catalogue';
import { ALTAIR_AT_GENESIS } from './consensus';
import { CAN_NOT_DISCOVER } from './execution';
import { checkpointUrlOf, networkOptionsOf, optionsOf, relaysOf, trustedBlockRootOf } from './options';
import { advertised } from './ports';
import { VOLUMES } from './sizes';
import { LISTS_KEYS, MAX_LISTED_KEYS } from './validator';

/** Mistakes that only Ethereum's own rules show. */
export function check(node: ChainNode): ChainProblem[] {
  return [
    ...(node.role === 'validator' ? checkValidator(node) : checkOthers(node)),
    ...(node.clients['consensus'] ? checkConsensus(node) : []),
    ...checkReach(node),
    ...checkVolumes(node),
  ];
}

function* checkValidator(node: ChainNode): Generator<ChainProblem> {
  const options = optionsOf(node);
  if (options.feeRecipient === undefined) {
    yield {
      path: ['options', 'feeRecipient'],
      problem: 'a validator must name the address that its block fees go to',
      next: 'Add options.feeRecipient; without it clients burn the fees or refuse to propose.',
    };
  }
  if (options.doppelgangerProtection === undefined) {
    yield {
      path: ['options', 'doppelgangerProtection'],
      problem: 'a validator must decide on doppelganger protection',
      next: 'Write true to miss two or three epochs at every start and notice another signer, or false to sign at once.',
    };
  }
  const client = node.clients['validator']!.client;
  if (LISTS_KEYS.includes(client) && node.keys.length > MAX_LISTED_KEYS) {
    yield {
      path: ['keys'],
      problem: `${client} takes at most ${MAX_LISTED_KEYS} keys per node, since a ConfigMap of 1 MiB lists each of them twice, got ${node.keys.length}`,
      next: 'Divide the keys over two nodes, or choose another validator client.',
    };
  }
  for (const [index, name] of options.fallbackBeaconNodes.entries()) {
    if (name === node.name) {
      yield {
        path: ['options', 'fallbackBeaconNodes', index],
        problem: `${name} can not be its own fallback`,
        next: 'Name another beacon node, or none.',
      };
    } else if (options.fallbackBeaconNodes.indexOf(name) !== index) {
      yield { path: ['options', 'fallbackBeaconNodes', index], problem: `${name} is named twice`, next: 'Name each fallback once.' };
    }
  }
}

function* checkOthers(node: ChainNode): Generator<ChainProblem> {
  if (optionsOf(node).fallbackBeaconNodes.length > 0) {
    yield {
      path: ['options', 'fallbackBeaconNodes'],
      problem: `only a validator client falls back, and a node of role ${node.role} has none`,
      next: 'Remove the option, or declare the role validator.',
    };
  }
  if (node.role === 'execution' && optionsOf(node).relays !== undefined) {
    yield {
      path: ['options', 'relays'],
      problem: 'only a beacon node talks to relays, and a node of role execution has none',
      next: 'Remove the option.',
    };
  }
}

function* checkConsensus(node: ChainNode): Generator<ChainProblem> {
  const { network } = networkOptionsOf(node);
  if (optionsOf(node).relays === 'network' && relaysOf(node).length === 0) {
    yield {
      path: ['options', 'relays'],
      problem: `the network file of ${node.network} declares no relays`,
      next: 'Add options.relays to the network file, or list the relays here.',
    };
  }
  if (checkpointUrlOf(node) === undefined) {
    yield {
      path: ['options', 'checkpointUrls'],
      problem: 'a beacon node needs a checkpoint to start from: syncing from genesis is neither safe nor any longer possible',
      next: 'Add options.checkpointUrls to the network file or to the node.',
    };
  }
  if (node.clients['consensus']!.client === 'nimbus' && !ALTAIR_AT_GENESIS.includes(network) && trustedBlockRootOf(node) === undefined) {
    yield {
      path: ['options', 'trustedBlockRoot'],
      problem: `nimbus verifies its checkpoint on ${network} from a trusted block root, and none is declared`,
      next: 'Add options.trustedBlockRoot, a finalized block root from a source you trust, to the network file or to the node.',
    };
  }
}

function* checkReach(node: ChainNode): Generator<ChainProblem> {
  const { client } = node.clients['execution']!;
  if (CAN_NOT_DISCOVER.includes(client) && advertised(node, 'execution').as === 'discovered') {
    yield {
      path: ['reach', 'address'],
      problem: `${client} can not find out its public address`,
      next: 'Give the address, choose another way to be reached, or another execution client.',
    };
  }
}

function* checkVolumes(node: ChainNode): Generator<ChainProblem> {
  for (const [component, { volumesGiB = {} }] of Object.entries(node.resources)) {
    const known = VOLUMES[component] ?? [];
    for (const volume of Object.keys(volumesGiB).filter((name) => !known.includes(name))) {
      yield {
        path: ['resources', component, 'volumesGiB', volume],
        problem: `${component} has no volume ${volume}`,
        next: known.length > 0 ? `It has ${known.join(', ')}.` : 'Remove the entry.',
      };
    }
  }
}
