import type { Manifest } from './manifest';
import { AGENT } from '../contract/agent';

interface Container {
  readonly name?: string;
  readonly command?: unknown;
  readonly args?: readonly unknown[];
  readonly volumeMounts?: readonly { readonly name?: string; readonly mountPath?: string; readonly subPath?: string; readonly subPathExpr?: string }[];
}

interface PodSpec {
  readonly initContainers?: readonly Container[];
  readonly containers?: readonly Container[];
  readonly volumes?: readonly { readonly name?: string; readonly configMap?: unknown; readonly projected?: { readonly sources?: readonly { readonly serviceAccountToken?: unknown }[] } }[];
}

const ACTS: Readonly<Record<string, string>> = { [AGENT.guardName]: 'guard', [AGENT.prepareName]: 'prepare', [AGENT.containerName]: 'serve' };

/**
 * Why a workload's agents may read another configuration than the ConfigMaps that were judged: one on a disk, which a step before may have written there, or none that
 * is ours. Every init container is an agent; nothing else has the token that keys are given for.
 */
export function agentProblems(workload: Manifest): string[] {
  const { initContainers = [], containers = [], volumes = [] } = (workload['spec'] as { template?: { spec?: PodSpec } } | undefined)?.template?.spec ?? {};
  const configMaps = new Set(volumes.filter(({ configMap }) => configMap !== undefined).map(({ name }) => name));
  const tokens = new Set(volumes.filter(({ projected }) => projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined)).map(({ name }) => name));
  return [
    ...initContainers.flatMap(({ name = '', command, args = [], volumeMounts = [] }): string[] => {
      const act = Object.hasOwn(ACTS, name) ? ACTS[name] : undefined;
      if (act === undefined || command !== undefined || JSON.stringify(args) !== JSON.stringify([act, `--config=${AGENT.configFile}`])) return [`has an init container "${name}" that is no agent as it is always started, with --config=${AGENT.configFile} alone`];
      const there = volumeMounts.filter(({ mountPath = '' }) => `${mountPath}/`.replaceAll(/\/+/g, '/').startsWith(`${AGENT.configFolder}/`));
      const whole = there.length === 1 && there.every((mount) => mount.mountPath === AGENT.configFolder && mount.subPath === undefined && mount.subPathExpr === undefined && configMaps.has(mount.name));
      return whole ? [] : [`has an agent ("${name}") that finds something else than its ConfigMap in ${AGENT.configFolder}`];
    }),
    ...containers.filter(({ volumeMounts = [] }) => volumeMounts.some(({ name }) => tokens.has(name))).map(({ name = '' }) => `gives container "${name}" the token that keys are given for`),
  ];
}
