import { componentName, MAX_DNS_LABEL, MAX_STATEFUL_SET_NAME, unreadyServiceName } from '../naming';
import { SECRETS_PATH, TMP_PATH, type ComponentSpec } from './chains/component';
import { AGENT } from './secret-agent';
import type { StakingNodeProps } from './staking-node';

/** One mistake in the props of a StakingNode. */
export interface StakingNodeProblem {
  readonly code:
    | 'name-invalid'
    | 'name-too-long'
    | 'no-components'
    | 'duplicate-name'
    | 'no-placement'
    | 'no-taint'
    | 'unknown-peer'
    | 'unknown-port'
    | 'no-signing-keys'
    | 'path-conflict'
    | 'secret-path'
    | 'ephemeral-too-small'
    | 'no-grace'
    | 'exception-missing'
    | 'reach-mismatch'
    | 'image-latest';
  readonly message: string;
  readonly value: unknown;
  readonly next: string;
}

/** Everything that is wrong with the props of a StakingNode; thrown before any object is made. */
export class StakingNodeError extends Error {
  constructor(
    readonly nodeName: string,
    readonly problems: readonly StakingNodeProblem[],
  ) {
    super(
      `StakingNode ${JSON.stringify(nodeName)} can not be built:\n` +
        problems.map(({ message, value, next }) => `  - ${message}, got ${JSON.stringify(value)}. ${next}`).join('\n'),
    );
    this.name = 'StakingNodeError';
  }
}

/** @throws StakingNodeError if anything is wrong. */
export function checkProps(props: StakingNodeProps): void {
  const problems = [...checkNode(props), ...props.components.flatMap((component) => [...checkComponent(props, component)])];
  if (problems.length > 0) throw new StakingNodeError(props.name, problems);
}

function* checkNode(props: StakingNodeProps): Generator<StakingNodeProblem> {
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(props.name)) {
    yield {
      code: 'name-invalid',
      message: 'name must be lower case letters, digits and "-", starting with a letter',
      value: props.name,
      next: 'Choose another name; it becomes part of every object\'s name.',
    };
  }
  if (props.components.length === 0) {
    yield { code: 'no-components', message: 'components must hold at least one', value: [], next: 'Take them from a chain definition.' };
  }
  const names = props.components.map(({ name }) => name);
  for (const name of duplicates(names)) {
    yield { code: 'duplicate-name', message: 'component names must be unique', value: name, next: 'Rename one of them in the chain definition.' };
  }
  const signers = props.components.filter(({ signs }) => signs);
  if (signers.length > 0 && (props.keys ?? []).length === 0 && props.state !== 'retired') {
    yield {
      code: 'no-signing-keys',
      message: `keys must name what ${signers.map(({ name }) => name).join(' and ')} signs with`,
      value: props.keys ?? [],
      next: 'List the public keys, or choose a role that does not sign.',
    };
  }
}

function* checkComponent(props: StakingNodeProps, component: ComponentSpec): Generator<StakingNodeProblem> {
  const name = componentName(props.name, component.name);
  if (name.length > MAX_STATEFUL_SET_NAME) {
    yield {
      code: 'name-too-long',
      message: `the StatefulSet's name must have at most ${MAX_STATEFUL_SET_NAME} characters, since its pods carry it with a hash as a label`,
      value: name,
      next: `Shorten the node's name by ${name.length - MAX_STATEFUL_SET_NAME}.`,
    };
  }
  const longestService = unreadyServiceName(props.name, component.name, 'engine');
  if (longestService.length > MAX_DNS_LABEL) {
    yield {
      code: 'name-too-long',
      message: `a Service's name must have at most ${MAX_DNS_LABEL} characters`,
      value: longestService,
      next: `Shorten the node's name by ${longestService.length - MAX_DNS_LABEL}.`,
    };
  }
  if (component.image.version === 'latest') {
    yield { code: 'image-latest', message: `${component.name} must run one version`, value: 'latest', next: 'Name the version.' };
  }
  yield* checkPaths(component);
  // Of a retired node only the disks are left: where it ran and whom it talked to may be gone.
  if (props.state === 'retired') return;
  yield* checkPlacement(props, component);
  yield* checkPeers(props, component);
  yield* checkExceptions(props, component);
  if (!(component.shutdown.graceSeconds > 0)) {
    yield {
      code: 'no-grace',
      message: `${component.name} must have time to shut down`,
      value: component.shutdown.graceSeconds,
      next: 'Give the seconds that the client needs after SIGTERM.',
    };
  }
}

function* checkPlacement(props: StakingNodeProps, component: ComponentSpec): Generator<StakingNodeProblem> {
  const placement = props.placements[component.name];
  if (!placement) {
    yield {
      code: 'no-placement',
      message: `placements must name a pool for ${component.name}`,
      value: Object.keys(props.placements),
      next: 'Add the pool and its taints.',
    };
  } else if (placement.taints.length === 0) {
    yield {
      code: 'no-taint',
      message: `pool ${placement.pool} must be tainted, so that its machines run staking pods only`,
      value: placement.taints,
      next: 'Taint the pool and name the taint here.',
    };
  }
}

function* checkPeers(props: StakingNodeProps, component: ComponentSpec): Generator<StakingNodeProblem> {
  const wanted = [component.health.port, ...(component.metrics ? [component.metrics.port] : [])];
  for (const port of wanted.filter((name) => !component.ports.some((candidate) => candidate.name === name))) {
    yield { code: 'unknown-port', message: `${component.name} has no such port`, value: port, next: 'Declare it in the chain definition.' };
  }
  for (const peer of component.talksTo) {
    if (peer.kind !== 'component') continue;
    const own = peer.node === undefined || peer.node === props.name;
    const target = (own ? props.components : props.peers?.[peer.node])?.find(({ name }) => name === peer.component);
    if (!target) {
      yield {
        code: 'unknown-peer',
        message: `${component.name} talks to a component that is not there`,
        value: own ? peer.component : `${peer.node}/${peer.component}`,
        next: own ? 'Add the component.' : 'Give the other node\'s components in `peers`.',
      };
      continue;
    }
    for (const port of peer.ports.filter((wantedPort) => !target.ports.some(({ name }) => name === wantedPort))) {
      yield {
        code: 'unknown-port',
        message: `${component.name} talks to a port that ${peer.component} does not have`,
        value: port,
        next: `Choose one of ${target.ports.map(({ name }) => name).join(', ')}.`,
      };
    }
  }
  for (const { target, ports } of [
    ...(props.callers ?? []),
    ...(props.consumers ?? []).map((consumer) => ({ target: consumer.component, ports: consumer.ports })),
  ].filter((caller) => caller.target === component.name)) {
    for (const port of ports.filter((wantedPort) => !component.ports.some(({ name }) => name === wantedPort))) {
      yield {
        code: 'unknown-port',
        message: `a caller names a port that ${target} does not have`,
        value: port,
        next: `Choose one of ${component.ports.map(({ name }) => name).join(', ')}.`,
      };
    }
  }
}

function* checkPaths(component: ComponentSpec): Generator<StakingNodeProblem> {
  const names = [...component.volumes, ...(component.temporary ?? [])].map(({ name }) => name);
  for (const name of [...duplicates(names), ...names.filter((candidate) => RESERVED_VOLUMES.includes(candidate))]) {
    yield { code: 'duplicate-name', message: `volume names of ${component.name} must be unique and not ours`, value: name, next: 'Rename it in the chain definition.' };
  }
  const mounts = [...component.volumes, ...(component.temporary ?? []), ...(component.config ?? [])].map(({ mountPath }) => mountPath);
  for (const path of [...duplicates(mounts), ...mounts.filter((mount) => [SECRETS_PATH, TMP_PATH, AGENT.configFolder, AGENT.tokenFolder].includes(mount))]) {
    yield { code: 'path-conflict', message: `two things of ${component.name} are mounted at one path`, value: path, next: 'Give each its own folder.' };
  }
  const signingState = component.volumes.filter(({ kind }) => kind === 'signing-state');
  for (const { mountPath } of signingState) {
    const inside = component.volumes.find(
      (other) => other.kind !== 'signing-state' && (`${mountPath}/`.startsWith(`${other.mountPath}/`) || `${other.mountPath}/`.startsWith(`${mountPath}/`)),
    );
    if (inside) {
      yield {
        code: 'path-conflict',
        message: `the signing state of ${component.name} must lie outside ${inside.mountPath}, so that no snapshot of one holds the other`,
        value: mountPath,
        next: 'Mount it beside, not inside.',
      };
    }
  }
  for (const { path, passwordPath } of component.secrets ?? []) {
    for (const file of [path, ...(passwordPath ? [passwordPath] : [])].filter((candidate) => !candidate.startsWith(`${SECRETS_PATH}/`))) {
      yield { code: 'secret-path', message: `secrets of ${component.name} must lie below ${SECRETS_PATH}, which is memory`, value: file, next: 'Move the path there.' };
    }
  }
  const disk = (component.temporary ?? []).filter(({ medium }) => medium === 'disk').reduce((sum, { sizeMiB }) => sum + sizeMiB, TMP_MIB);
  if (disk > component.resources.ephemeralMiB) {
    yield {
      code: 'ephemeral-too-small',
      message: `temporary folders of ${component.name} take ${disk} MiB, more than its ephemeral storage`,
      value: component.resources.ephemeralMiB,
      next: 'Raise ephemeralMiB in the chain definition.',
    };
  }
}

function* checkExceptions(props: StakingNodeProps, component: ComponentSpec): Generator<StakingNodeProblem> {
  const declared = (component.exceptions ?? []).map(({ what }) => what);
  if (component.hostNetwork && !declared.includes('host-network')) {
    yield {
      code: 'exception-missing',
      message: `${component.name} uses the host's network without declaring the exception`,
      value: declared,
      next: 'Declare host-network with its reason.',
    };
  }
  if (component.hostNetwork !== (props.reach === 'hostNetwork')) {
    yield {
      code: 'reach-mismatch',
      message: `${component.name} ${component.hostNetwork ? 'uses' : 'does not use'} the host's network`,
      value: props.reach ?? 'outbound',
      next: 'Define the components with the reach that the node has.',
    };
  }
}

/** Size limit of the `/tmp` that every client gets. */
export const TMP_MIB = 64;

const RESERVED_VOLUMES = ['secrets', 'token', 'tmp', 'agent-config'];

const duplicates = (values: readonly string[]): string[] => [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
