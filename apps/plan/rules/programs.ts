import type { Manifest } from '../../../constructs/manifest';
import { podTemplateOf, problemsOfProgram } from '../../system/program';
import { called, finding, type Context } from '../context';
import type { ObjectChange, Unexplained } from '../diff';
import type { Finding } from '../model';
import { clusterOf, folderOf, type K8sObject } from '../tree';
import { loosenesses, type PodSpec, type Weakness } from './weaknesses';

/** Whether a file is one that `synth` writes programs to. */
const isPrograms = (file: string): boolean => folderOf(file) === folderIn(clusterOf(file));
const folderIn = (cluster: string): string => `${cluster}/platform/system`;

/** Kinds that run pods and that no node has, in whatever version of their API. */
const RUN_PODS: ReadonlySet<string> = new Set(['CronJob', 'DaemonSet', 'Deployment', 'Job', 'Pod', 'PodTemplate', 'ReplicaSet', 'ReplicationController']);

/** What runs pods that are no node's: by its kind, wherever it stands; a StatefulSet by where it stands. */
export const isProgramWorkload = ({ id, file }: ObjectChange): boolean => RUN_PODS.has(id.kind) || (id.kind === 'StatefulSet' && isPrograms(file));

/** What no rule of a kind may wave through: pods that are no node's in no place of a program, and a program that could be taken for a node. */
export function programPlace(change: ObjectChange, { head }: Context): Finding[] {
  const { after, file } = change;
  if (!after || !(isProgramWorkload(change) || isPrograms(file))) return [];
  const next = 'A program is declared in apps/system/, and runs in a namespace of our own; what belongs to a node is declared in the fleet.';
  const refused = (what: string): Finding => finding(change, 'programs', 'second-signer risk', 'program-refused', `${called(change)} ${what}`, { refused: true, next });
  if (!isPrograms(file)) return [refused('runs pods that are no node\'s, outside platform/system/: it could start a second signer')];
  return problemsOfProgram(after as Manifest, head.objectsIn(folderIn(clusterOf(file)), ['PersistentVolumeClaim']) as Manifest[]).map(refused);
}

/** Programs are not armed: an apply replaces their pods. */
export function programWorkload(change: ObjectChange, rest: Unexplained): Finding[] {
  const { before, after, id } = change;
  const name = called(change);
  if (!after) {
    rest.take('spec');
    return [finding(change, 'programs', 'interrupting', 'program-removed', `${name} is no longer rendered: nothing removes it, and it runs on until somebody deletes it`)];
  }
  const loosened = loosenedBy(before, after).map(({ risk, what }) => finding(change, 'exceptions', risk, 'weakened', `${name}: ${what}`));
  if (!before) return [finding(change, 'programs', 'interrupting', 'program-added', `${name} is new: it runs as soon as it is applied`), ...loosened];
  const findings: Finding[] = [...loosened];
  for (const path of FIXED[id.kind] ?? []) {
    if (rest.take('spec', ...path).length === 0) continue;
    findings.push(finding(change, 'programs', 'interrupting', 'program-immutable', `${path.join('.')} of ${name} changes: no API server accepts that`, { refused: true, next: 'Give it another name; what has the old one is deleted by hand.' }));
  }
  for (const { before: from, after: to } of rest.take('spec', 'replicas')) findings.push(finding(change, 'programs', 'interrupting', 'program-scaled', `${name} goes from ${count(from)} to ${count(to)} replicas at once`));
  const template = rest.take('spec', 'template');
  if (template.length > 0) findings.push(finding(change, 'programs', 'interrupting', 'program-changed', `${name} changes ${fields(template.map(({ path }) => path.slice(2)))}: its pods are replaced as soon as it is applied`));
  const runs = rest.take('spec', 'jobTemplate');
  if (runs.length > 0) findings.push(finding(change, 'programs', 'interrupting', 'program-changed', `${name} changes ${fields(runs.map(({ path }) => path.slice(2)))} from its next run on`));
  const other = rest.take('spec');
  if (other.length > 0) findings.push(finding(change, 'programs', 'interrupting', 'program-changed', `${name} changes ${fields(other.map(({ path }) => path.slice(1)))} at once`));
  return findings;
}

/** What the API server keeps for good (Kubernetes 1.34, `pkg/apis/apps/validation` and `pkg/apis/batch/validation`). */
const FIXED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  DaemonSet: [['selector']],
  Deployment: [['selector']],
  Job: [['selector'], ['template'], ['completionMode']],
  ReplicaSet: [['selector']],
  StatefulSet: [['selector'], ['serviceName'], ['volumeClaimTemplates'], ['podManagementPolicy']],
};

function loosenedBy(before: K8sObject | undefined, after: K8sObject): Weakness[] {
  const of = (object: K8sObject): ReadonlyMap<string, Weakness> => loosenesses((podTemplateOf(object)?.spec ?? {}) as PodSpec);
  const known = before === undefined ? new Map<string, Weakness>() : of(before);
  return [...of(after).values()].filter(({ what }) => !known.has(what));
}

const count = (value: unknown): string => (typeof value === 'number' ? String(value) : '1');

/** Each field once: of a container, its name and what of it differs. */
function fields(paths: readonly (readonly string[])[]): string {
  const names = [...new Set(paths.map((path) => path.filter((step) => step !== 'spec' && step !== 'template').slice(0, 3).join('.')))];
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more fields` : names.join(', ');
}
