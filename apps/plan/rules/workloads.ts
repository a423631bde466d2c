import { isDeepStrictEqual } from 'node:util';
import { AGENT } from '../../../contract/agent';
import { ANNOTATIONS, LABELS } from '../../../naming';
import { finding, generic, type Context } from '../context';
import { differences, Unexplained, type Difference, type ObjectChange } from '../diff';
import type { Finding, Risk, TemplateChange } from '../model';
import { annotation, type K8sObject } from '../tree';
import { weaknesses, type Container, type PodSpec, type Volume } from './weaknesses';

interface StatefulSetSpec {
  readonly replicas?: number;
  readonly updateStrategy?: { readonly type?: string; readonly rollingUpdate?: { readonly partition?: number } };
  readonly template?: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> }; readonly spec?: PodSpec };
  readonly [field: string]: unknown;
}

/** What the API server lets change of a StatefulSet (Kubernetes 1.34, `ValidateStatefulSetUpdate`). */
const MUTABLE = ['replicas', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds', 'ordinals'];

/** Workloads: what restarts and when, what can't be changed, what would start a second copy. */
export function statefulSet(change: ObjectChange, rest: Unexplained, context: Context): { findings: Finding[]; template?: TemplateChange } {
  const { before, after } = change;
  const node = context.nodeOf(change);
  const component = change.component ?? change.id.name;
  if (!after) {
    if (node && (node.after === 'retired' || node.after === 'absent')) return { findings: [] };
    return { findings: [finding(change, 'nodes', 'interrupting', 'component-removed', `component ${component} is removed: its pod ends as soon as the StatefulSet is deleted`)] };
  }
  const spec = after['spec'] as StatefulSetSpec;
  const old = before?.['spec'] as StatefulSetSpec | undefined;
  const findings = [...secondCopies(change, spec, context), ...disarmed(change, old, spec), ...exceptions(change), ...weakened(change, old, spec), ...guardsOfThePod(change, old, spec)];
  if (!before || !old) {
    const isNew = !node || node.before === 'running' || node.before === 'stopped';
    return { findings: isNew ? [...findings, finding(change, 'nodes', 'harmless', 'component-added', `component ${component} is new`)] : findings };
  }

  for (const { before: from, after: to } of rest.take('spec', 'replicas')) {
    if (node && node.before !== node.after) continue; // said of the node
    findings.push(
      from === 0
        ? finding(change, 'nodes', signs(after) ? 'second-signer risk' : 'interrupting', 'component-started', `component ${component} is started`)
        : finding(change, 'nodes', 'interrupting', 'component-scaled', `component ${component} goes from ${String(from)} to ${String(to)} replicas at once`),
    );
  }
  for (const field of Object.keys({ ...old, ...spec }).filter((name) => !MUTABLE.includes(name))) {
    const changed = rest.take('spec', field);
    if (changed.length === 0) continue;
    findings.push(
      finding(change, 'interrupting', 'interrupting', 'stateful-set-immutable', `${field} of the StatefulSet of ${component} changes: no API server accepts that, and deleting the StatefulSet first ends its pod`, {
        refused: true,
        next: 'Leave the field as it is; what needs another one is another node.',
      }),
    );
  }
  rest.take('spec', 'updateStrategy');
  const retention = rest.take('spec', 'persistentVolumeClaimRetentionPolicy');
  if (retention.some(({ after: to }) => to !== 'Retain' && to !== undefined && !isDeepStrictEqual(to, { whenDeleted: 'Retain', whenScaled: 'Retain' }))) {
    findings.push(finding(change, 'volumes', 'data loss', 'volumes-not-retained', `PVCs of ${component} are deleted with the StatefulSet or when it is scaled down`, { refused: true, next: 'Keep whenDeleted and whenScaled at Retain.' }));
  }
  const history = [...rest.take('spec', 'revisionHistoryLimit'), ...rest.take('spec', 'minReadySeconds')];
  if (history.length > 0) findings.push(finding(change, 'other', 'harmless', 'stateful-set-bookkeeping', `${history.map(({ path }) => path[1]).join(' and ')} of the StatefulSet of ${component} changes`));
  for (const ring of rest.take('metadata', 'labels', LABELS.ring)) {
    findings.push(finding(change, 'other', 'harmless', 'ring-changed', `ring ${brief(ring.before)} to ${brief(ring.after)}`));
  }
  rest.take('metadata', 'annotations', ANNOTATIONS.exceptions);
  const annotated = [...rest.take('metadata', 'annotations', ANNOTATIONS.version), ...rest.take('metadata', 'annotations', ANNOTATIONS.dataSchema)];
  const changed = rest.take('spec', 'template');
  // The workload's own labels repeat those of the pod; where only they change, that is said as labels.
  if (changed.length === 0) {
    if (annotated.length > 0) findings.push(finding(change, 'other', 'harmless', 'version-relabelled', `the recorded version of ${component} changes, and nothing that runs`));
    return { findings };
  }
  rest.take('metadata', 'labels', 'app.kubernetes.io/name');
  return { findings: [...findings, ...moved(change, old, spec, context)], template: templateChange(change, old, spec, changed, context) };
}

const signs = (object: K8sObject | undefined): boolean => object?.metadata.labels?.[LABELS.signer] === 'true';

/** More than one pod, or two workloads on one disk. */
function secondCopies(change: ObjectChange, spec: StatefulSetSpec, context: Context): Finding[] {
  const findings: Finding[] = [];
  const replicas = spec.replicas ?? 1;
  const component = change.component ?? change.id.name;
  if (replicas > 1) {
    findings.push(
      finding(change, 'nodes', 'second-signer risk', 'more-than-one', `${component} would run ${replicas} replicas`, { refused: true, next: 'A component has one pod; declare another node, with keys of its own.' }),
    );
  }
  const mine = claims(spec);
  const before = change.before === undefined ? [] : claims(change.before['spec'] as StatefulSetSpec);
  if (mine.every((claim) => before.includes(claim))) return findings; // whoever joins it is judged by a change of its own
  // Names begin with the component's own; a claim of another name may be anybody's in the namespace.
  const foreign = mine.filter((claim) => !claim.startsWith(`${change.id.name}-`));
  const others = [
    ...context.beside(change, 'head', 'StatefulSet'),
    ...(foreign.length === 0 ? [] : context.head.search(change.id.cluster, (text) => foreign.some((claim) => text.includes(`claimName: ${claim}`)))),
  ].filter(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name !== change.id.name && (metadata.namespace ?? '') === change.id.namespace);
  for (const other of new Map(others.map((object) => [object.metadata.name, object])).values()) {
    const shared = claims(other['spec'] as StatefulSetSpec).filter((claim) => mine.includes(claim));
    for (const claim of shared) {
      findings.push(
        finding(change, 'volumes', 'second-signer risk', 'disk-shared', `${component} mounts the PVC "${generic(claim, change.node)}" that ${generic(other.metadata.name, change.node)} mounts too`, {
          refused: true,
          next: 'Give each its own volume.',
        }),
      );
    }
  }
  return findings;
}

const claims = (spec: StatefulSetSpec): string[] => (spec.template?.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => (persistentVolumeClaim ? [persistentVolumeClaim.claimName] : []));

/** Armed is partition 1: anything lower lets an apply restart the pod. */
function disarmed(change: ObjectChange, old: StatefulSetSpec | undefined, spec: StatefulSetSpec): Finding[] {
  const armed = (of: StatefulSetSpec | undefined): boolean => of?.updateStrategy?.type === 'OnDelete' || (of?.updateStrategy?.rollingUpdate?.partition ?? 0) >= 1;
  if (armed(spec) && (old === undefined || isDeepStrictEqual(old.updateStrategy, spec.updateStrategy))) return [];
  const component = change.component ?? change.id.name;
  if (armed(spec)) return [finding(change, 'other', 'harmless', 'update-strategy', `the update strategy of ${component} changes, and stays armed`)];
  return [
    finding(change, 'interrupting', 'interrupting', 'disarmed', `${component} is not armed: applying this restarts its pod`, { refused: true, next: 'Render partition 1; a node is fired by an operator or the rollout engine, never by an apply.' }),
  ];
}

/** Exceptions that the chain declares, one a line, with their reasons. */
function exceptions(change: ObjectChange): Finding[] {
  const lines = (object: K8sObject | undefined): string[] => (annotation(object, ANNOTATIONS.exceptions) ?? '').split('\n').filter((line) => line !== '');
  const [old, young] = [lines(change.before), lines(change.after)];
  return [
    ...young.filter((line) => !old.includes(line)).map((line) => finding(change, 'exceptions', 'hardening', 'exception-added', `declared exception: ${line}`)),
    ...old.filter((line) => !young.includes(line)).map((line) => finding(change, 'exceptions', 'harmless', 'exception-removed', `no longer an exception: ${line}`)),
  ];
}

function weakened(change: ObjectChange, old: StatefulSetSpec | undefined, spec: StatefulSetSpec): Finding[] {
  const signer = signs(change.after);
  const [before, after] = [old?.template?.spec ? weaknesses(old.template.spec, signer) : new Map<string, never>(), weaknesses(spec.template?.spec ?? {}, signer)];
  return [...after.values()].filter(({ what }) => !before.has(what)).map(({ what, risk }) => finding(change, 'exceptions', risk, 'weakened', `${change.component ?? change.id.name}: ${what}`));
}

/** The parts of a pod that keep a second signer out. */
function guardsOfThePod(change: ObjectChange, old: StatefulSetSpec | undefined, spec: StatefulSetSpec): Finding[] {
  const inits = (of: StatefulSetSpec | undefined): string[] => (of?.template?.spec?.initContainers ?? []).map(({ name }) => name);
  const component = change.component ?? change.id.name;
  const findings = [AGENT.guardName, AGENT.containerName]
    .filter((name) => inits(old).includes(name) && !inits(spec).includes(name))
    .map((name) => finding(change, 'exceptions', 'second-signer risk', 'guard-removed', `${component} loses its ${name}`));
  const grace = (of: StatefulSetSpec | undefined): number => Number(of?.template?.spec?.['terminationGracePeriodSeconds'] ?? 30);
  if (old && grace(spec) < grace(old)) findings.push(finding(change, 'exceptions', 'hardening', 'grace-lowered', `${component} gets ${grace(spec)} s to end instead of ${grace(old)}`));
  for (const [name, image] of images(spec)) {
    const earlier = images(old).get(name);
    if (earlier === undefined) continue;
    if (earlier.includes('@') && !image.includes('@')) findings.push(finding(change, 'exceptions', 'hardening', 'digest-dropped', `the image of container ${name} of ${component} is no longer pinned by digest`));
    if (repository(earlier) !== repository(image)) findings.push(finding(change, 'exceptions', 'hardening', 'repository-changed', `container ${name} of ${component} takes its image from ${repository(image)} instead of ${repository(earlier)}`));
  }
  return findings;
}

/** A disk is in its zone for good. */
function moved(change: ObjectChange, old: StatefulSetSpec, spec: StatefulSetSpec, context: Context): Finding[] {
  const zone = (of: StatefulSetSpec): string | undefined => of.template?.spec?.nodeSelector?.['topology.kubernetes.io/zone'];
  if (zone(old) === zone(spec)) return [];
  const disks = new Set(context.beside(change, 'base', 'PersistentVolumeClaim').map(({ metadata }) => metadata.name));
  if (!claims(spec).some((claim) => disks.has(claim))) return [];
  return [
    finding(change, 'volumes', 'data loss', 'zone-changed', `${change.component ?? change.id.name} is to run in ${zone(spec) ?? 'any zone'}, but its disks stay in ${zone(old) ?? 'their zone'}: the pod would not start again`, {
      refused: true,
      next: 'Keep the zone. A node in another zone is another node: retire this one and place its keys there afterwards.',
    }),
  ];
}

function templateChange(change: ObjectChange, old: StatefulSetSpec, spec: StatefulSetSpec, changed: readonly Difference[], context: Context): TemplateChange {
  const client = (object: K8sObject | undefined): string => object?.metadata.labels?.['app.kubernetes.io/name'] ?? '';
  const pair = (of: (object: K8sObject | undefined) => string): { from: string; to: string } => ({ from: of(change.before), to: of(change.after) });
  const schema = pair((object) => annotation(object, ANNOTATIONS.dataSchema) ?? '');
  const clients = pair(client);
  const oneWay = schema.from !== schema.to || clients.from !== clients.to;
  return {
    cluster: change.id.cluster,
    network: change.network ?? change.id.namespace,
    node: change.node ?? change.id.name,
    component: change.component ?? change.id.name,
    client: clients,
    version: pair((object) => annotation(object, ANNOTATIONS.version) ?? ''),
    dataSchema: schema,
    changes: aspects(change, old, spec, changed, context),
    running: old.replicas !== 0 && spec.replicas !== 0,
    risk: oneWay ? 'one-way' : ('restart when fired' satisfies Risk),
  };
}

/** What of a pod differs, without the values that differ from node to node. */
function aspects(change: ObjectChange, old: StatefulSetSpec, spec: StatefulSetSpec, changed: readonly Difference[], context: Context): string[] {
  const found = new Set<string>();
  const [before, after] = [old.template?.spec ?? {}, spec.template?.spec ?? {}];
  const rest = new Unexplained(changed.map(({ path, ...values }) => ({ path: path.slice(2), ...values })));
  const version = annotation(change.before, ANNOTATIONS.version) !== annotation(change.after, ANNOTATIONS.version);
  for (const { path } of rest.take('metadata')) found.add(`pod ${path[1] === 'annotations' ? 'annotation' : 'label'} ${path.slice(2).join('.') || 's'}`);
  for (const kind of ['containers', 'initContainers'] as const) {
    for (const { path, before: from, after: to } of rest.take('spec', kind)) {
      const [, , name = '', field = '', ...more] = path;
      if (name === 'order') found.add(`order of ${kind}`);
      else if (field === '') found.add(`container ${name} is ${from === undefined ? 'new' : 'gone'}`);
      else if (field === 'image' && name === AGENT.clientContainerName && version) continue; // it is the version
      else if (field === 'image') found.add(kind === 'initContainers' ? `agent image ${tagOf(from)} to ${tagOf(to)}` : `image ${tagOf(from)} to ${tagOf(to)}`);
      else if (field === 'args' || field === 'command') for (const flag of changedFlags(from, to)) found.add(`${field === 'args' ? 'argument' : 'command'} ${generic(flag, change.node)}`);
      else if (field === 'resources') found.add(`${kind === 'initContainers' ? 'agent ' : ''}${more.join('.') || 'resources'} ${brief(from)} to ${brief(to)}`);
      else found.add(`${field} of container ${name}`);
    }
  }
  const volumes = rest.take('spec', 'volumes');
  if (volumes.length > 0) {
    const [a, b] = [configMaps(before.volumes), configMaps(after.volumes)];
    const other = volumes.filter(({ path }) => path[3] !== 'configMap');
    if (other.length > 0) found.add('volumes');
    if (!isDeepStrictEqual(a, b)) for (const part of changedConfiguration(change, a, b, context)) found.add(part);
  }
  for (const { path, before: from, after: to } of rest.left) {
    const field = path.slice(1).join('.');
    found.add(typeof from !== 'object' && typeof to !== 'object' ? `${generic(field, change.node)} ${brief(from)} to ${brief(to)}` : path[1] ?? 'template');
  }
  return [...found].map((what) => generic(what, change.node)).sort();
}

const brief = (value: unknown): string => (value === undefined ? 'none' : typeof value === 'object' ? 'other' : typeof value === 'string' ? value : JSON.stringify(value));
const images = (spec: StatefulSetSpec | undefined): Map<string, string> =>
  new Map([...(spec?.template?.spec?.initContainers ?? []), ...(spec?.template?.spec?.containers ?? [])].flatMap(({ name, image }: Container) => (image === undefined ? [] : [[name, image] as const])));
const repository = (image: string): string => image.replace(/@.*$/, '').replace(/:[^/]*$/, '');
const tagOf = (image: unknown): string => (typeof image === 'string' ? image.slice(repository(image).length + 1) || image : 'none').slice(0, 60);

/** Flags that came, went or have another value; only their names, since values name nodes. */
function changedFlags(before: unknown, after: unknown): string[] {
  const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
  const [old, young] = [list(before), list(after)];
  const name = (argument: string): string => argument.split('=')[0]!;
  const [gone, come] = [old.filter((argument) => !young.includes(argument)).map(name), young.filter((argument) => !old.includes(argument)).map(name)];
  const both = new Set(gone.filter((argument) => come.includes(argument)));
  const flags = [...[...both].map((flag) => `${flag} changed`), ...come.filter((flag) => !both.has(flag)).map((flag) => `${flag} added`), ...gone.filter((flag) => !both.has(flag)).map((flag) => `${flag} removed`)];
  return flags.length > 0 ? flags : ['order changed'];
}

const configMaps = (volumes: readonly Volume[] | undefined): string[] => (volumes ?? []).flatMap(({ configMap }) => (configMap ? [configMap.name] : []));

/** Which files of the configuration differ; of the agent's, which keys. */
function changedConfiguration(change: ObjectChange, before: readonly string[], after: readonly string[], context: Context): string[] {
  const data = (tree: 'base' | 'head', names: readonly string[]): Record<string, string> =>
    Object.assign({}, ...context.beside(change, tree, 'ConfigMap').filter(({ metadata }) => names.includes(metadata.name)).map((object) => object['data'] ?? {})) as Record<string, string>;
  const [old, young] = [data('base', before), data('head', after)];
  const files = [...new Set([...Object.keys(old), ...Object.keys(young)])].filter((file) => old[file] !== young[file]);
  if (files.length === 0) return ['configuration'];
  return files.map((file) => {
    const [a, b] = [json(old[file]), json(young[file])];
    if (file !== AGENT.configKey || a === undefined || b === undefined) return `configuration file ${file}`;
    return `agent configuration (${[...new Set(differences(a, b).map(({ path }) => path[0] ?? 'all'))].sort().join(', ')})`;
  });
}

function json(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
