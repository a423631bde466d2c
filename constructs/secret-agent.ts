import { SIGNING_VOLUMES } from '../model/catalogue';
import { nodeSecretPath, keySecretPath, SECRET_MANAGER, serviceHost, SYSTEM_NAMESPACE } from '../naming';
import type { ComponentSpec, SecretFile } from '../chains/component';
import { AGENT } from '../contract/agent';
import type { AgentConfig, AgentSecret } from '../contract/agent-config';

/** Whose agent it is. */
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

/** What a component's agent reads at start (`contract/agent-config.ts`). */
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
