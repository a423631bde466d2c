import type { ChainNode, ChainProblem } from '../../model/catalogue';
import { checkRelease, unknownResources, type SupportedReleases } from '../shared';
import { BLS_PREFIX, NODE_ID_PREFIX } from './keys';
import { optionsOf } from './options';

export const COMPONENT = 'node';
export const HTTP_PORT = 9650;

/** By config/flags.go of 1.13.5 and 1.14.2. */
const SUPPORTED: SupportedReleases = { client: 'avalanchego', from: { major: 1, minor: 13 }, before: { major: 1, minor: 15 } };

export function checkNode(node: ChainNode, volumes: readonly string[]): ChainProblem[] {
  return [
    ...checkKeys(node),
    ...checkOptions(node),
    ...checkGenesis(node),
    ...checkRelease(node, COMPONENT, SUPPORTED, {
      unknown: 'It refuses flags that it does not know: compare its config/flags.go, and extend the avalanche definition; or run a release that is known.',
      untagged: 'Tag the image with its release, such as "v1.14.2".',
    }),
    ...checkPorts(node),
    ...unknownResources(node, { [COMPONENT]: volumes }),
  ];
}

/** A validator is one NodeID and the BLS key that is registered with it; either alone, it could vote elsewhere under the other. */
function checkKeys(node: ChainNode): ChainProblem[] {
  if (node.keys.length === 0) return [];
  return [
    { prefix: NODE_ID_PREFIX, what: 'NodeID' },
    { prefix: BLS_PREFIX, what: 'BLS public key' },
  ].flatMap(({ prefix, what }) => {
    const count = node.keys.filter((key) => key.startsWith(prefix)).length;
    return count === 1
      ? []
      : [{ path: ['keys'], problem: `a validator has one ${what}, this one has ${count}`, next: 'Name its NodeID and its BLS public key, as `info.getNodeID` prints them.' }];
  });
}

function checkOptions(node: ChainNode): ChainProblem[] {
  const { archive, stateSync } = optionsOf(node);
  if (!archive) return [];
  return [
    ...(node.role === 'validator' ? [{ path: ['options', 'archive'], problem: 'a validator does not serve history', next: 'Serve it from an rpc node.' }] : []),
    ...(stateSync ? [{ path: ['options', 'stateSync'], problem: 'an archive that starts from a recent state lacks all that was before', next: 'Say `stateSync: false`, or leave `archive` out.' }] : []),
  ];
}

function checkGenesis({ genesis }: ChainNode): ChainProblem[] {
  return genesis ? [{ path: ['network'], problem: 'a genesis is declared, and avalanchego takes none for its public networks', next: 'Remove it from the network file.' }] : [];
}

function checkPorts({ portBase }: ChainNode): ChainProblem[] {
  return portBase === HTTP_PORT ? [{ path: ['ports', 'base'], problem: `port ${HTTP_PORT} is taken inside the node, by its API`, next: 'Choose another one.' }] : [];
}
