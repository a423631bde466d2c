import type { AdmissionPolicies, PolicyFacts } from '../../apps/policies';
import { admissionPolicies } from '../../apps/policies';
import type { Manifest } from '../../constructs/manifest';
import type { Fleet } from '../../model/types';
import { FleetContext } from '../../apps/render/fleet-context';
import { addFacts, NO_FACTS } from '../../apps/render/node-report';
import { renderNode } from '../../apps/render/render-node';
import { policyFacts as factsOf } from '../../apps/platform';
import type { NetworkFacts } from '../../apps/platform';
import { catalogue } from '../../chains';
import { ApiError, type Api, type LiveObject } from './api';
import { until } from './machines';

/** The admission policies of one cluster of a fleet, as `synth` renders them. */
export function policiesOf(fleet: Fleet, clusterName: string): AdmissionPolicies {
  return admissionPolicies(policyFacts(fleet, clusterName));
}

export function policyFacts(fleet: Fleet, clusterName: string): PolicyFacts {
  const context = new FleetContext(fleet, catalogue);
  const networks: Record<string, NetworkFacts> = {};
  for (const node of fleet.nodes.filter(({ cluster }) => cluster === clusterName)) {
    networks[node.network] = addFacts(networks[node.network] ?? NO_FACTS, renderNode(context, node).report.facts);
  }
  return factsOf(fleet, fleet.clusters[clusterName]!, networks);
}

/**
 * Applies the native policies and waits until the API server holds requests to them. It takes in each policy in its own time, and says
 * nowhere that it did, so a request that each must refuse is made until it does; none of them would change anything.
 *
 * @param applier who applies them, where it matters; the requests that must be refused are always the admin's
 * @throws Error with the API server's own warnings, where an expression doesn't fit the types of Kubernetes
 */
export async function installNative(admin: Api, { native }: Pick<AdmissionPolicies, 'native'>, applier = admin): Promise<void> {
  const objects = [...native.values()].flat();
  for (const object of objects) await applier.apply(object);
  await until('every policy was type-checked', async () => (await livePolicies(admin, objects)).every(({ metadata, status }) => status?.observedGeneration === metadata.generation));
  const warnings = (await livePolicies(admin, objects)).flatMap(({ metadata, status }) => (status?.typeChecking?.expressionWarnings ?? []).map(({ fieldRef, warning }) => `${metadata.name} ${fieldRef}: ${warning}`));
  if (warnings.length > 0) throw new Error(warnings.join('\n'));
  await inForce(admin, true);
}

export async function removeNative(admin: Api, { native }: Pick<AdmissionPolicies, 'native'>): Promise<void> {
  const objects = [...native.values()].flat();
  for (const object of [...objects].reverse()) await admin.call('DELETE', await admin.pathOf(object)).catch(ignoreGone);
  await inForce(admin, false);
}

/** What happens without the native policies, for a control; they are back whatever came of it, so that a control that fails takes no other test with it. */
export async function withoutNative(admin: Api, policies: Pick<AdmissionPolicies, 'native'>, work: () => Promise<void>, applier = admin): Promise<void> {
  try {
    await removeNative(admin, policies);
    await work();
  } finally {
    await installNative(admin, policies, applier);
  }
}

interface LivePolicy extends LiveObject {
  readonly status?: { readonly observedGeneration?: number; readonly typeChecking?: { readonly expressionWarnings?: readonly { readonly fieldRef: string; readonly warning: string }[] } };
}

async function livePolicies(admin: Api, objects: readonly Manifest[]): Promise<LivePolicy[]> {
  const names = new Set(objects.map(({ metadata }) => metadata.name));
  return (await admin.list<LivePolicy>('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies')).filter(({ metadata }) => names.has(metadata.name));
}

/** Waits until the native policies, applied by whatever way, hold requests. */
export const untilInForce = (admin: Api): Promise<void> => inForce(admin, true);

/** Until the canary's policy, a namespaced and a cluster-wide one, refuse or let through. All are taken in by one watch, in the order of their making. */
async function inForce(admin: Api, refused: boolean): Promise<void> {
  const staking = (await admin.list('/api/v1/namespaces?labelSelector=stockade.dev/protection=staking'))[0];
  const canaries: [path: string, body: object][] = [
    ['/apis/storage.k8s.io/v1/storageclasses', { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'stockade-canary' }, provisioner: 'example.com/none' }],
    ['/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'gatekeeper-canary' } }],
    ...(staking === undefined
      ? []
      : ([
          [`/api/v1/namespaces/${staking.metadata.name}/podtemplates`, { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'canary' }, template: { spec: { containers: [{ name: 'c', image: 'x' }] } } }],
          [`/api/v1/namespaces/${staking.metadata.name}/limitranges`, { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'canary' }, spec: { limits: [] } }],
          [`/api/v1/namespaces/${staking.metadata.name}/bindings`, { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'canary' }, target: { kind: 'Node', name: 'none' } }],
        ] as [string, object][])),
  ];
  for (const [path, body] of canaries) {
    await until(`the policies are ${refused ? '' : 'no longer '}in force for ${path}`, async () => {
      const reply = await admin.request('POST', `${path}?dryRun=All`, { body });
      return JSON.stringify(reply.body).includes('ValidatingAdmissionPolicy') === refused;
    });
  }
}

function ignoreGone(error: unknown): void {
  if (error instanceof ApiError && error.status === 404) return;
  throw error;
}
