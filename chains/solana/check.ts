import type { ChainNode, ChainProblem } from '../../model/catalogue';
import { checkRelease, parseRelease, unknownResources } from '../shared';
import { networkOptionsOf, optionsOf } from './options';
import { remembersVotesInLedger, SUPPORTED } from './release';

export const COMPONENT = 'node';
export const RPC_PORT = 8899;
/** agave 3 needs 26 ports and 4.1 needs 27 (anza-xyz/agave#7759); the range leaves room for those that later ones add. */
export const PORT_SPAN = 31;

const LAST_PORT = 65535;

export function checkNode(node: ChainNode, volumes: readonly string[]): ChainProblem[] {
  return [
    ...checkVoteAccount(node),
    ...checkKnownValidators(node),
    ...checkRelease(node, COMPONENT, SUPPORTED, {
      unknown: 'Read its changelog, above all on signing state, and extend the solana definition; or run a release that is known.',
      untagged: 'Tag the image with its release, such as "v4.1.2".',
    }),
    ...checkVoteHistory(node),
    ...checkPorts(node),
    ...unknownResources(node, { [COMPONENT]: volumes }),
  ];
}

/** The ledger counts as chain data here: it may be made anew, and then nobody remembers what was signed. */
function checkVoteHistory(node: ChainNode): ChainProblem[] {
  const { version } = node.clients[COMPONENT]!;
  const release = parseRelease(version);
  if (node.role !== 'validator' || release === undefined || !remembersVotesInLedger(release)) return [];
  return [
    {
      path: ['clients', COMPONENT],
      problem: `agave ${version} remembers its votes in the ledger, which is no signing volume here`,
      next: 'Let validators run a release before 4.2 until the solana definition holds the ledger to what signing state is.',
    },
  ];
}

function checkVoteAccount(node: ChainNode): ChainProblem[] {
  const { voteAccount, transactionHistory } = optionsOf(node);
  const validator = node.role === 'validator';
  const problems: ChainProblem[] = [];
  if (validator && voteAccount === undefined) {
    problems.push({ path: ['options', 'voteAccount'], problem: 'a validator without a vote account does not vote', next: 'Give the address of its vote account.' });
  }
  if (!validator && voteAccount !== undefined) {
    problems.push({ path: ['options', 'voteAccount'], problem: `a ${node.role} node must not vote`, next: 'Remove it, or change the role.' });
  }
  if (validator && voteAccount !== undefined && node.keys.includes(voteAccount)) {
    problems.push({
      path: ['options', 'voteAccount'],
      problem: `${voteAccount} is the identity of this node, not a vote account`,
      next: 'Give the address of the vote account.',
    });
  }
  if (validator && transactionHistory) {
    problems.push({ path: ['options', 'transactionHistory'], problem: 'a validator does not serve history', next: 'Serve it from an rpc node.' });
  }
  return problems;
}

function checkKnownValidators(node: ChainNode): ChainProblem[] {
  if (networkOptionsOf(node).knownValidators.some((identity) => !node.keys.includes(identity))) return [];
  return [
    {
      path: ['keys'],
      problem: 'this node is the only known validator of its network, and agave does not take a snapshot from itself',
      next: `Name others as \`knownValidators\` in the options of network "${node.network}".`,
    },
  ];
}

function checkPorts(node: ChainNode): ChainProblem[] {
  const last = node.portBase + PORT_SPAN - 1;
  const inside = [RPC_PORT, RPC_PORT + 1].find((port) => port >= node.portBase && port <= last);
  if (inside !== undefined) {
    return [{ path: ['ports', 'base'], problem: `the ports ${node.portBase} to ${last} hold ${inside}, which RPC listens on`, next: `Choose a base that leaves ${RPC_PORT} and ${RPC_PORT + 1} free.` }];
  }
  if (last > LAST_PORT) {
    return [{ path: ['ports', 'base'], problem: `the ports ${node.portBase} to ${last} go beyond ${LAST_PORT}`, next: `Choose a base of at most ${LAST_PORT - PORT_SPAN + 1}.` }];
  }
  return [];
}
