import type { ComponentDemand } from '../catalogue';
import { isError, type Problem } from '../errors';
import { own } from '../lookup';
import type { FleetNode } from '../types';
import { FleetIndex } from '../resolve';
import { amazon } from './amazon';
import { approvedFirstStarts } from './approved-first-starts';
import { atlantisMachine } from './atlantis-machine';
import { chainRules } from './chain-rules';
import { clients } from './clients';
import { concentration } from './concentration';
import { consumers } from './consumers';
import { CheckContext, type CheckInput, type NodeCheck, type NodeSubject, type RunningCheck, type RunningSubject } from './context';
import { duplicateKeys } from './duplicate-keys';
import { google } from './google';
import { images } from './images';
import { derivedNames, fleetNames } from './names';
import { keys } from './keys';
import { limits } from './limits';
import { loadBalancerAddresses, observedNodes } from './addresses';
import { machineDemand, poolSizes } from './capacity';
import { networks } from './networks';
import { nodeNames } from './node-names';
import { peers } from './peers';
import { placement } from './placement';
import { pools } from './pools';
import { portOverlaps, portRange } from './ports';
import { ranges } from './ranges';
import { hostNetwork, reach } from './reach';
import { ringOrder } from './ring-order';
import { roles } from './roles';
import { signingState } from './signing-state';
import { tombstones } from './tombstones';
import { volumes } from './volumes';

/**
 * Every rule of a fleet, in three rounds: what is declared; then, for nodes that are right so far, what their chain
 * has to say; then what they run. A node that one round finds wrong is left out of the next, whose findings would
 * only repeat the mistake.
 */
export function checkFleet(input: CheckInput): Problem[] {
  const { fleet, catalogue } = input;
  const context = new CheckContext(input, new FleetIndex(fleet, catalogue));
  const found: Problem[] = FLEET_CHECKS.flatMap((check) => check(context));
  found.push(...fleet.nodes.flatMap((node) => placement(node, context)));

  const sound = new Map<FleetNode, NodeSubject>();
  for (const node of fleet.nodes) {
    const subject = subjectOf(node, context);
    if (!subject) continue;
    const checks = node.state === 'retired' ? RETIRED_CHECKS : NODE_CHECKS;
    const problems = checks.flatMap((check) => check(subject, context));
    found.push(...problems);
    if (node.state !== 'retired' && !problems.some(isError) && isResolved(subject, context)) sound.set(node, subject);
  }

  const running: RunningSubject[] = [];
  for (const [node, subject] of sound) {
    // A definition may read what its peers run, so they have to be right too.
    const neighbours = [...context.index.referencesOf(node).flatMap(({ candidates }) => candidates), ...context.index.referrers(node)];
    if (!neighbours.every((other) => sound.has(other))) continue;
    const resolved = context.index.resolve(node);
    const problems = chainRules(subject, resolved, context);
    found.push(...problems);
    if (problems.length > 0) continue;
    running.push({ ...subject, components: subject.chain.components(resolved).map(demandOf) });
  }
  for (const subject of running) found.push(...RUNNING_CHECKS.flatMap((check) => check(subject, context)));
  found.push(...derivedNames(running, context), ...poolSizes(running, context));
  return found;
}

const FLEET_CHECKS = [
  fleetNames,
  ranges,
  tombstones,
  pools,
  amazon,
  atlantisMachine,
  google,
  networks,
  ringOrder,
  images,
  limits,
  observedNodes,
  duplicateKeys,
  nodeNames,
  portOverlaps,
  concentration,
  approvedFirstStarts,
] as const;

const NODE_CHECKS: readonly NodeCheck[] = [roles, clients, keys, reach, portRange, peers];
/**
 * Of a retired node the disks are left, which are named and sized by what it ran: that has to stay declared until they are deleted
 * and the node's entry with them. How it was reached is history.
 */
const RETIRED_CHECKS: readonly NodeCheck[] = [roles, clients, keys, peers];
const RUNNING_CHECKS: readonly RunningCheck[] = [signingState, hostNetwork, loadBalancerAddresses, consumers, volumes, machineDemand];

function subjectOf(node: FleetNode, { fleet, index }: CheckContext): NodeSubject | undefined {
  const cluster = own(fleet.clusters, node.cluster);
  const network = own(fleet.networks, node.network);
  const chain = index.chain(node);
  return cluster && network && chain && { node, cluster, network, chain };
}

/** Whether every release and the genesis are there; what is missing was reported with the network. */
function isResolved({ node, network, chain }: NodeSubject, { index, unread, fleet }: CheckContext): boolean {
  const clientsAreThere = Object.keys(node.clients).length === Object.keys(index.clients(node)).length;
  const genesisIsThere = network.genesis ? !('file' in network.genesis) || network.genesisContent !== undefined : !chain.needsGenesis;
  const zoneIsThere = own(fleet.clusters, node.cluster)?.zones.includes(node.zone) === true;
  return clientsAreThere && genesisIsThere && zoneIsThere && !unread.networks.has(network.name);
}

/** Only what checks read is kept: a full component holds its arguments and files, and a fleet has thousands. */
const demandOf = ({ name, client, signs, resources, volumes, hostNetwork, machineFeatures, ports }: ComponentDemand): ComponentDemand => ({
  name,
  client,
  signs,
  resources,
  volumes,
  hostNetwork,
  machineFeatures,
  ports,
});
