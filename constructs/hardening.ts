import type { PodSecurityContext, SecurityContext } from 'cdk8s-plus-27/lib/imports/k8s';
import type { ComponentSpec, HardeningException } from '../chains/component';

/**
 * The user that every container of a staking pod runs as. One for all, because the agent has to end the client
 * and to own its mode 0400 files.
 */
export const POD_USER = 10001;

/** What every staking pod runs under, unless its chain declares an exception. */
export function podSecurityContext(component: ComponentSpec): PodSecurityContext {
  const root = exception(component, 'root-user');
  const localhostProfile = exception(component, 'seccomp-localhost')?.value;
  return {
    runAsNonRoot: !root,
    runAsUser: root ? 0 : POD_USER,
    runAsGroup: root ? 0 : POD_USER,
    fsGroup: POD_USER,
    // A recursive chown of a 2 TiB volume takes the better part of an hour, at every start.
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: localhostProfile ? { type: 'Localhost', localhostProfile } : { type: 'RuntimeDefault' },
  };
}

/** What every container runs under. The agent's containers take no exception: pass no component. */
export function containerSecurityContext(component?: ComponentSpec): SecurityContext {
  const capabilities = component?.exceptions?.filter(({ what }) => what === 'capability').map(({ value }) => value!) ?? [];
  return {
    allowPrivilegeEscalation: false,
    privileged: false,
    readOnlyRootFilesystem: !(component && exception(component, 'writable-root')),
    capabilities: { drop: ['ALL'], ...(capabilities.length > 0 ? { add: capabilities } : {}) },
  };
}

/** The first exception of a kind that a component declares. */
export function exception(component: ComponentSpec, what: HardeningException['what']): HardeningException | undefined {
  return component.exceptions?.find((candidate) => candidate.what === what);
}

/** Size limit of the `/tmp` that every client gets. */
export const TMP_MIB = 64;
