import { AGENT } from '../contract/agent';
import { problemsOf } from '../contract/messages';
import { SIGNING_VOLUMES } from '../model/catalogue';
import { componentName, MAX_DNS_LABEL, MAX_STATEFUL_SET_NAME, unreadyServiceName } from '../naming';
import { SECRETS_PATH, TMP_PATH, type ComponentSpec } from '../chains/component';
import { agentConfig, guardedVolume } from './secret-agent';
import type { StakingNodeProps } from './staking-node-props';
import { type StakingNodeProblem, StakingNodeError } from './staking-node-error';
import { TMP_MIB } from './hardening';

/** @throws StakingNodeError if anything is wrong. */
export function checkProps(props: StakingNodeProps): void {
  const found = [...checkNode(props), ...props.components.flatMap((component) => [...checkComponent(props, component)])];
  const problems = found.length > 0 || props.state === 'retired' ? found : props.components.flatMap((component) => [...checkAgentConfig(props, component)]);
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
  if (props.agent.version === 'latest') {
    yield { code: 'image-latest', message: 'the secret agent must run one version', value: 'latest', next: 'Name the version.' };
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
  yield* checkSigningState(props, component);
  yield* checkSecrets(component);
  yield* checkExposure(component);
  yield* checkExceptions(props, component);
  const shell = (component.command ?? []).find((word) => SHELLS.test(word));
  if (shell !== undefined) {
    yield {
      code: 'shell-entry-point',
      message: `${component.name} must be started directly: a shell keeps SIGTERM to itself`,
      value: shell,
      next: 'Name the client as the command, and prepare what it needs with `prepare`.',
    };
  }
  if (!(component.shutdown.graceSeconds > 0)) {
    yield {
      code: 'no-grace',
      message: `${component.name} must have time to shut down`,
      value: component.shutdown.graceSeconds,
      next: 'Give the seconds that the client needs after SIGTERM.',
    };
  }
}

/** What nothing above found, and the agent would refuse when its pod starts. */
function* checkAgentConfig({ cluster, network, name, keys = [], firstStart = false }: StakingNodeProps, component: ComponentSpec): Generator<StakingNodeProblem> {
  const config = agentConfig(component, { cluster, network, node: name, keys, firstStart });
  for (const { path, problem } of problemsOf('agent-config', config)) {
    yield {
      code: 'agent-config',
      message: `the agent of ${component.name} would not read its configuration, which ${problem}`,
      value: path,
      next: 'Correct what the chain definition or the node declares; contract/agent-config.ts says what is allowed.',
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
  const signingState = component.volumes.filter(({ kind }) => SIGNING_VOLUMES.includes(kind));
  for (const { mountPath } of signingState) {
    const others = [...component.volumes.filter(({ kind }) => !SIGNING_VOLUMES.includes(kind)), ...(component.temporary ?? []), ...(component.config ?? [])];
    const inside = others.find(
      (other) => (`${mountPath}/`.startsWith(`${other.mountPath}/`) || `${other.mountPath}/`.startsWith(`${mountPath}/`)),
    );
    if (inside) {
      yield {
        code: 'path-conflict',
        message: `the signing state of ${component.name} must lie outside ${inside.mountPath}, so that neither a snapshot nor a restart takes it along`,
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

function* checkSigningState(props: StakingNodeProps, component: ComponentSpec): Generator<StakingNodeProblem> {
  const { name, args, command = [], env = {}, config = [], prepare = [] } = component;
  const volume = guardedVolume(component);
  if (component.signs && !volume) {
    yield {
      code: 'no-signing-state',
      message: `${name} signs, so it must have a volume that remembers what it signed`,
      value: component.volumes.map(({ name: volumeName }) => volumeName),
      next: 'Declare a volume of kind signing-state, or signing-chain where the state is inside the chain data; a temporary folder is empty after every restart.',
    };
  }
  if (volume) {
    const told = [...command, ...args, ...Object.values(env), ...config.flatMap(({ files }) => Object.values(files)), ...prepare.flatMap((step) => (step.kind === 'link' ? [step.target] : []))];
    if (!told.some((text) => namesPath(text, volume.mountPath))) {
      yield {
        code: 'signing-state-unused',
        message: `nothing tells ${name} to keep its signing state in ${volume.mountPath}, so it would write it where a restart loses it`,
        value: args,
        next: 'Name the folder in its arguments, environment or configuration.',
      };
    }
  }
  for (const flag of args.filter((argument) => STARTS_EMPTY.test(argument) && !props.firstStart)) {
    yield {
      code: 'first-start-not-approved',
      message: `${name} would replace a missing signing state by an empty one`,
      value: flag,
      next: 'Remove it; approve the first start of a node that has never run.',
    };
  }
}

function* checkSecrets({ name, args, command = [], env = {}, config = [] }: ComponentSpec): Generator<StakingNodeProblem> {
  const next = `Declare it in \`secrets\` and give the client its path below ${SECRETS_PATH}.`;
  const words = [...command, ...args];
  const named = [...words.map((word, index) => (word.includes('=') ? word : `${word}=${words[index + 1] ?? ''}`)), ...Object.entries(env).map(([key, value]) => `${key}=${value}`)];
  for (const text of named.filter((candidate) => SECRET_ARGUMENT.test(candidate) || BARE_KEY.test(candidate) || KEY_MATERIAL.test(candidate))) {
    yield { code: 'secret-in-plain', message: `${name} is given a secret in plain text`, value: text.split('=')[0], next };
  }
  for (const { name: folder, files } of config) {
    for (const [file, content] of Object.entries(files)) {
      if (!SECRET_FILE.test(file) && !KEY_MATERIAL.test(content)) continue;
      yield { code: 'secret-in-plain', message: `the config folder ${folder} of ${name}, which everybody may read, holds a secret`, value: file, next };
    }
  }
}

/** An API on a port that is opened for the P2P network would be on the node port or load balancer meant for that. */
function* checkExposure({ name, ports, health, metrics }: ComponentSpec): Generator<StakingNodeProblem> {
  for (const exposed of ports.filter(({ purpose }) => purpose === 'p2p')) {
    const inside = ports.find(({ port, protocol, purpose }) => port === exposed.port && protocol === exposed.protocol && !['p2p', 'sentry'].includes(purpose));
    const asked = [health.port, metrics?.port].includes(exposed.name);
    if (!inside && !asked) continue;
    yield {
      code: 'api-exposed',
      message: `port ${exposed.port} of ${name} is for the P2P network and for ${inside ? inside.purpose : 'its health or metrics'}`,
      value: exposed.name,
      next: 'Give the API a port of its own, with its own purpose.',
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

const RESERVED_VOLUMES = ['secrets', 'token', 'tmp', 'agent-config'];

const SHELLS = /(^|\/)(ba|da|a|z)?sh$|(^|\/)busybox$/;

/** What makes a client go on without its slashing protection: Lighthouse's flag, the one client that would stop. */
const STARTS_EMPTY = /^--init-slashing-protection(=true)?$/;

/** An option that is named after a secret and holds anything but a path, a URL or a switch. */
const SECRET_ARGUMENT = /^[\w.-]*(jwt-?_?secret|password|passphrase|mnemonic|private-?_?key|node-?_?key-?_?hex)[\w.-]*=(?!\/|--|https?:|true$|false$|$)/i;

/** 32 bytes as secrets are written, without 0x, under a name that speaks of no hash. */
const BARE_KEY = /^(?!.*(hash|root|sha256|digest|checksum)).*=[0-9a-f]{64}$/i;

/** A PEM block, an encrypted keystore, a CometBFT key, a Solana keypair. */
const KEY_MATERIAL = /PRIVATE KEY-----|"ciphertext"|"priv_key"|\[\s*(\d{1,3}\s*,\s*){63}\d{1,3}\s*\]/;
const SECRET_FILE = /^(node_key|priv_validator_key|validator_key)\.json$|keystore[^/]*\.json$|keypair\.json$|jwt[^/]*\.hex$|\.(key|pem|skey)$/;

/** Whether a text names a folder or something inside it. */
function namesPath(text: string, folder: string): boolean {
  const at = text.indexOf(folder);
  if (at === -1) return false;
  return !/[\w-]/.test(text.charAt(at + folder.length)) || namesPath(text.slice(at + 1), folder);
}

const duplicates = (values: readonly string[]): string[] => [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
