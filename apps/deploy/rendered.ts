import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { type Failure, refuse, UserError } from '../../errors/user-error';
import type { Manifest } from '../../constructs/manifest';
import { GATEKEEPER_NAMESPACE, networkNamespace, PROGRAM_NAMESPACES } from '../../naming';
import { appliedBy } from '../platform/permissions';
import { problemsOfProgram, runsPods } from '../system/program';
import { nameProblems } from './names';
import { walk } from '../../workspace/walk';

/** In this order: what bounds nodes comes before nodes, constraints come after the templates that make their kinds, and what nodes ask for their keys is there before they are. */
export const STAGES = ['namespaces', 'platform', 'policies', 'gatekeeper-templates', 'gatekeeper-constraints', 'programs', 'node-roles', 'nodes', 'workloads'] as const;
export type Stage = (typeof STAGES)[number];

/** One object to apply, and as whom. */
export interface ReviewedObject {
  readonly stage: Stage;
  readonly by: 'platform' | 'deployer';
  readonly manifest: Manifest;
}

/** What a cluster's folder, as `synth` writes it, holds; checked for shapes that are never applied. @throws UserError */
export function readRendered(folder: string): ReviewedObject[] {
  const rendered = yamlBelow(folder).flatMap((path) =>
    documentsOf(join(folder, path)).map((manifest): ReviewedObject => ({ ...placeOf(path, manifest), manifest })),
  );
  if (rendered.length === 0) refuse(`there are no manifests in ${folder}`, 'Render the fleet, and name the folder of one cluster.');
  inspect(rendered);
  return sorted(rendered);
}

function documentsOf(file: string): Manifest[] {
  let documents: unknown[];
  try {
    documents = loadAll(readFileSync(file, 'utf8'));
  } catch (error) {
    return refuse(`${file} is not YAML`, 'Render the fleet again.', (error as Error).message);
  }
  const objects = documents.filter((one) => one !== null && one !== undefined);
  if (objects.some((one) => typeof one !== 'object' || typeof (one as Partial<Manifest>).metadata !== 'object')) refuse(`${file} holds something that is not a Kubernetes object`, 'Render the fleet again.');
  return objects as Manifest[];
}

/** @throws UserError with all that makes these manifests ones that are never applied, whoever reviewed them */
export function inspect(rendered: readonly ReviewedObject[]): void {
  // By themselves, and first: every other message quotes them.
  const unnamed = rendered.flatMap(({ manifest }) => nameProblems(manifest).map((message): Failure => ({ message: `${String(manifest.kind)} ${JSON.stringify(manifest.metadata?.name)} ${message}`, next: 'Mend what renders it.' })));
  if (unnamed.length > 0) throw new UserError(unnamed);
  const seen = new Set<string>();
  const programs = rendered.filter(({ stage }) => stage === 'programs').map(({ manifest }) => manifest);
  const problems: Failure[] = rendered.flatMap(({ stage, by, manifest }) => {
    const what = nameOf(manifest);
    const wrong = (message: string, next: string): Failure[] => [{ message: `${what} ${message}`, next }];
    if (seen.has(what)) return wrong('is there twice', 'Render the fleet again.');
    seen.add(what);
    if (stage === 'programs') {
      if (by !== 'platform') return wrong('is a program, which the platform applies', 'Render the fleet again.');
      return problemsOfProgram(manifest, programs).flatMap((message) => wrong(message, 'Mend what renders it: apps/system/program.ts says what a program may be.'));
    }
    if (runsPods(manifest)) return wrong(`runs pods that are no node's, outside platform/system/`, `A program is declared in apps/system/, and runs in ${PROGRAM_NAMESPACES.join(' or ')}; what belongs to a node is declared in the fleet.`);
    if (!KINDS.has(kindOf(manifest)) && !manifest.apiVersion.startsWith('constraints.gatekeeper.sh/')) return wrong('is of a kind that synth never renders', 'Apply it by other means, if it must be.');
    if (by !== appliedBy(manifest) && manifest.kind !== 'NetworkPolicy' && manifest.kind !== 'ServiceAccount') return wrong(`is in a folder that ${by} applies, and is ${appliedBy(manifest)}'s`, 'Render the fleet again.');
    if (!isOurs(manifest.kind === 'Namespace' ? manifest.metadata.name : manifest.metadata.namespace, by) && !isForAddOns(by, manifest)) return wrong('is in a namespace that is not ours', 'Render the fleet again.');
    if (kindOf(manifest) !== 'apps/v1/StatefulSet') return [];
    const spec = (manifest['spec'] ?? {}) as StatefulSetSpec;
    if (spec.updateStrategy?.rollingUpdate?.partition !== 1) return wrong(`is not armed (partition ${JSON.stringify(spec.updateStrategy?.rollingUpdate?.partition)}): applying it would restart the node`, 'Apply what synth rendered, with partition 1, then fire the node: npm run manifests -- fire.');
    if (spec.replicas !== 0 && spec.replicas !== 1) return wrong(`has ${JSON.stringify(spec.replicas)} replicas: one signer, or none`, 'Apply what synth rendered.');
    return [];
  });
  if (problems.length > 0) throw new UserError(problems);
}

/** The namespace of a network, or, for what the platform applies, one of our programs'. */
const isOurs = (namespace: string | undefined, by: ReviewedObject['by']): boolean => namespace === undefined || namespace.startsWith(networkNamespace('')) || (by === 'platform' && PROGRAM_NAMESPACES.includes(namespace));

/** On EKS the platform opens the add-ons' own traffic, before Gatekeeper is there; nothing else of ours is in their namespaces. */
const isForAddOns = (by: ReviewedObject['by'], { kind, metadata: { name, namespace = '' } }: Manifest): boolean =>
  by === 'platform' && (kind === 'NetworkPolicy' ? ['kube-system', GATEKEEPER_NAMESPACE].includes(namespace) : kind === 'Namespace' && name === GATEKEEPER_NAMESPACE);

interface StatefulSetSpec {
  readonly replicas?: unknown;
  readonly updateStrategy?: { readonly rollingUpdate?: { readonly partition?: unknown } };
}

/** Programs claim no key and are no node's: what judges keys looks at the rest. */
export const manifestsOfNodes = (rendered: readonly ReviewedObject[]): Manifest[] => rendered.filter(({ stage }) => stage !== 'programs').map(({ manifest }) => manifest);

export const kindOf = ({ apiVersion, kind }: Manifest): string => `${apiVersion}/${kind}`;
/** `StatefulSet staking-osmosis/osmo-0-node`. */
export const nameOf = ({ kind, metadata: { namespace, name } }: Manifest): string => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

/** All that `apps/` renders. Whoever wants another kind in a cluster doesn't get it by this way. */
const KINDS: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration',
  'apps/v1/StatefulSet',
  'networking.k8s.io/v1/NetworkPolicy',
  'policy/v1/PodDisruptionBudget',
  'rbac.authorization.k8s.io/v1/ClusterRole',
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding',
  'rbac.authorization.k8s.io/v1/Role',
  'rbac.authorization.k8s.io/v1/RoleBinding',
  'scheduling.k8s.io/v1/PriorityClass',
  'storage.k8s.io/v1/StorageClass',
  'templates.gatekeeper.sh/v1/ConstraintTemplate',
  'v1/ConfigMap',
  'v1/Namespace',
  'v1/PersistentVolumeClaim',
  'v1/ResourceQuota',
  'v1/Service',
  'v1/ServiceAccount',
]);

/** By its folder: everything in `platform/` is the platform's, also what looks like a node's. */
function placeOf(path: string, manifest: Manifest): { readonly stage: Stage; readonly by: 'platform' | 'deployer' } {
  if (path.startsWith('platform/system/')) return { stage: 'programs', by: 'platform' };
  if (manifest.kind === 'Namespace') return { stage: 'namespaces', by: 'platform' };
  if (path.startsWith('platform/policies/')) return { stage: 'policies', by: 'platform' };
  if (path.startsWith('platform/')) return { stage: 'platform', by: 'platform' };
  if (path.startsWith('gatekeeper-templates/')) return { stage: 'gatekeeper-templates', by: 'platform' };
  if (path.startsWith('gatekeeper-constraints/')) return { stage: 'gatekeeper-constraints', by: 'platform' };
  if (appliedBy(manifest) === 'platform') return { stage: 'node-roles', by: 'platform' };
  return { stage: manifest.kind === 'StatefulSet' ? 'workloads' : 'nodes', by: 'deployer' };
}

const sorted = (rendered: readonly ReviewedObject[]): ReviewedObject[] =>
  [...rendered].sort((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage) || (nameOf(a.manifest) < nameOf(b.manifest) ? -1 : 1));

/** Files of a rendered tree; a link or anything else that is not a plain file is refused, since it could lead anywhere. */
function yamlBelow(folder: string): string[] {
  return [...walk(folder)].flatMap(({ path, kind }) => {
    if (kind === 'other') return refuse(`${join(folder, path)} is not a regular file`, 'Render the fleet again.');
    return kind === 'file' && path.endsWith('.yaml') ? [path] : [];
  });
}
