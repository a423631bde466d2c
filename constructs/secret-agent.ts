import { SIGNING_VOLUMES } from '../model/catalogue';
import { nodeSecretPath, keySecretPath, SECRET_MANAGER, serviceHost, SYSTEM_NAMESPACE } from '../naming';
import { AGENT_DEMAND, type ComponentSpec, type HealthCheck, type PrepareStep, type SecretFile } from '../chains/component';

/**
 * The contract of the secret agent, which runs beside every client: what it is started with, what it finds and
 * writes, what it answers. The program is built to this module; so are its stand-ins in tests.
 *
 * One image, three ways to run it, each with `--config=`{@link AGENT.configFile}:
 *
 * - `guard` (init container, where there is signing state): reads the marker {@link AGENT.marker} at the root of the
 *   signing volume. Exit 0 if it names this node and component. Where it is missing: with `firstStart` and a
 *   volume that is empty but for `lost+found`, writes it and exits 0; else exits 3. Another node's marker: exits 4. Writes nothing else.
 * - `prepare` (init container, where there are steps): carries out {@link AgentConfig.prepare} in order. `fetch` asks
 *   the secret manager's relay for public content by its sha256, refuses other content and never overwrites right
 *   content. Exit 5 if a step fails.
 * - `serve` (native sidecar): writes every secret, with mode {@link AgentConfig.secretMode}, to memory; only then answers 200 on `/started`, so that
 *   Kubernetes starts the client after it. Answers for the client on `/live` and `/ready` (200 or 503). When its claim on a
 *   key can not be renewed it ends the client's processes and wipes the secrets folder before the claim runs out.
 *   Without secrets it only serves health, and has no token.
 *
 * The secret manager is known by the CA that the agent's image carries. `prepare` has no token and needs none: it asks for content by checksum alone, and the
 * service fetches only what the fleet declares. Secrets that name one file (`prysm-wallet`) are merged into it, in their order.
 *
 * It never writes a secret to a disk, a log, an argument or the environment.
 */
export const AGENT = {
  containerName: 'secret-agent',
  guardName: 'signing-state-guard',
  prepareName: 'prepare',
  clientContainerName: 'client',
  healthPort: 9440,
  healthPortName: 'agent-health',
  paths: { started: '/started', live: '/live', ready: '/ready' },
  configFolder: '/stockade/config',
  configFile: '/stockade/config/agent.json',
  configKey: 'agent.json',
  tokenFolder: '/stockade/token',
  tokenFile: '/stockade/token/token',
  /** Shortest lifetime that Kubernetes grants a projected token. */
  tokenSeconds: 600,
  marker: '.stockade-node',
  /** Most memory that a component's secrets may take. */
  secretsMiB: 16,
  /** What the agent needs after the client's own grace to give its claim back. */
  shutdownMarginSeconds: 30,
  demand: AGENT_DEMAND,
} as const;

/** What the agent reads at start: public, immutable, rendered into the component's ConfigMap. */
export interface AgentConfig {
  readonly version: 1;
  readonly identity: { readonly cluster: string; readonly network: string; readonly node: string; readonly component: string };
  readonly health: HealthCheck & { readonly portNumber: number };
  /** Where there is signing state to guard. */
  readonly guard?: { readonly folder: string; readonly firstStart: boolean };
  readonly prepare: readonly PrepareStep[];
  readonly secrets: readonly AgentSecret[];
  /** `0400`; `0600` where the client locks its keystores by opening them for writing. */
  readonly secretMode: '0400' | '0600';
  /** Where there are secrets or files to fetch. */
  readonly secretManager?: { readonly url: string; readonly tokenFile: string };
  /** Seconds that the client may take after SIGTERM. */
  readonly clientGraceSeconds: number;
}

/** One secret: where the secret manager keeps it, and which file it becomes. */
export interface AgentSecret {
  readonly source: string;
  readonly format: SecretFile['format'];
  readonly file: string;
  readonly passwordFile?: string;
  /** The key that is claimed with it. Absent for secrets that can not sign. */
  readonly claim?: string;
}

export interface AgentIdentity {
  readonly cluster: string;
  readonly network: string;
  readonly node: string;
  /** Canonical public keys of the node. */
  readonly keys: readonly string[];
  readonly firstStart: boolean;
}

/** Whether the component's agent needs to authenticate: only where there is a secret to fetch. */
export function needsToken(component: ComponentSpec): boolean {
  return (component.secrets?.length ?? 0) > 0;
}

/** Whether the component's agent talks to the secret manager at all. */
export function callsSecretManager(component: ComponentSpec): boolean {
  return needsToken(component) || (component.prepare ?? []).some(({ kind }) => kind === 'fetch');
}

/** The volume that must not start empty: the signing state, or the chain data that holds it. */
export function guardedVolume(component: ComponentSpec): ComponentSpec['volumes'][number] | undefined {
  return component.volumes.find(({ kind }) => SIGNING_VOLUMES.includes(kind));
}

export function agentConfig(component: ComponentSpec, identity: AgentIdentity): AgentConfig {
  const guarded = guardedVolume(component);
  return {
    version: 1,
    identity: { cluster: identity.cluster, network: identity.network, node: identity.node, component: component.name },
    health: { ...component.health, portNumber: component.ports.find(({ name }) => name === component.health.port)!.port },
    ...(guarded ? { guard: { folder: guarded.mountPath, firstStart: identity.firstStart } } : {}),
    prepare: component.prepare ?? [],
    secrets: (component.secrets ?? []).flatMap((secret) => agentSecrets(secret, identity)),
    secretMode: component.writableSecrets ? '0600' : '0400',
    ...(callsSecretManager(component)
      ? {
          secretManager: {
            url: `https://${serviceHost(SECRET_MANAGER.service, SYSTEM_NAMESPACE)}:${SECRET_MANAGER.port}`,
            tokenFile: AGENT.tokenFile,
          },
        }
      : {}),
    clientGraceSeconds: component.shutdown.graceSeconds,
  };
}

function agentSecrets(secret: SecretFile, { cluster, network, node, keys }: AgentIdentity): AgentSecret[] {
  if (secret.kind === 'nodeSecret') {
    return [{ source: nodeSecretPath(network, cluster, node, secret.name), format: secret.format, file: secret.path }];
  }
  const { keyPrefix = '' } = secret;
  return keys.filter((key) => key.startsWith(keyPrefix)).map((key) => ({
    source: keySecretPath(network, key),
    format: secret.format,
    file: forKey(secret.path, key),
    ...(secret.passwordPath ? { passwordFile: forKey(secret.passwordPath, key) } : {}),
    claim: key,
  }));
}

const forKey = (path: string, key: string): string => path.replaceAll('{publicKey}', key);
