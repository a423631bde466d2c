import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { load } from 'js-yaml';

import { GATEKEEPER_NAMESPACE, type AdmissionPolicies } from '../../apps/policies';
import type { Manifest } from '../../constructs/manifest';
import { ApiError, type Api, type Applied, type LiveObject } from './api';
import type { ControlPlane } from './control-plane';
import { until } from './machines';
import { freePorts } from './processes';

type GatekeeperPolicies = AdmissionPolicies['gatekeeper'];

/** The program's name for `ControlPlane.halt` and `signal`. */
export const GATEKEEPER = 'gatekeeper';
const SERVICE_ACCOUNT = `system:serviceaccount:${GATEKEEPER_NAMESPACE}:gatekeeper-admin`;
const AUDIT_SECONDS = 5;

/**
 * Gatekeeper, the real controller, beside the control plane: it takes in the templates, then the constraints of the kinds that they make, and then
 * is asked. Where it can be reached is all that is changed of what `synth` renders.
 *
 * @param builder the identity that builds clusters: once the policies are in force, nobody else may write them
 * @throws Error with what Gatekeeper says of a template or a constraint that it doesn't take
 */
export async function installGatekeeper(controlPlane: ControlPlane, { templates, constraints, webhook }: GatekeeperPolicies, { binary, builder: admin = controlPlane.admin }: { binary: string; builder?: Api }): Promise<void> {
  await runGatekeeper(controlPlane, binary);
  for (const template of templates) await admin.apply(template);
  await until('Gatekeeper took in every template', async () => (await Promise.all(templates.map((template) => live<LiveTemplate>(admin, template)))).every(isTaken), { describe: () => complaints(admin, templates) });
  for (const constraint of constraints) {
    const path = pathOfConstraint(constraint);
    await until(`${constraint.kind} is served`, async () => (await admin.request('GET', path)).status !== 404 || (await served(admin, constraint)));
    await admin.call('PATCH', `${path}?fieldManager=stockade&force=true`, constraint, 'application/apply-patch+yaml');
  }
  await until('Gatekeeper enforces every constraint', async () => {
    const all = await Promise.all(constraints.map((constraint) => admin.get<LiveConstraint>(pathOfConstraint(constraint))));
    return all.every(({ metadata, status }) => status?.byPod?.some(({ enforced, observedGeneration }) => enforced === true && observedGeneration === metadata.generation));
  });
  await admin.apply(reachableHere(controlPlane, webhook), { force: true });
  await until('the API server asks Gatekeeper', async () => {
    const reply = await controlPlane.admin.request('POST', '/apis/storage.k8s.io/v1/storageclasses?dryRun=All', { body: { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'stockade-canary' }, provisioner: 'example.com/none' } });
    return JSON.stringify(reply.body).includes('admission webhook');
  });
}

/** Takes the webhook away first, so that nobody is asked about the rest. With `keepConstraints` the kinds and constraints stay, asked by nobody. */
export async function removeGatekeeper(controlPlane: ControlPlane, { templates, constraints, webhook }: GatekeeperPolicies, { keepConstraints = false, builder: admin = controlPlane.admin }: { keepConstraints?: boolean; builder?: Api } = {}): Promise<void> {
  await gone(admin.call('DELETE', `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${webhook.metadata.name}`));
  if (keepConstraints) {
    // What is not asked about still has to be there to be deleted by name.
    await admin.apply({ ...webhook, webhooks: [] } as Applied);
  } else {
    for (const constraint of constraints) await gone(admin.call('DELETE', pathOfConstraint(constraint)));
    for (const template of templates) await gone(admin.call('DELETE', await admin.pathOf(template as Applied)));
  }
  await until('the API server no longer asks Gatekeeper', async () => {
    const reply = await controlPlane.admin.request('POST', '/apis/storage.k8s.io/v1/storageclasses?dryRun=All', { body: { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'stockade-canary' }, provisioner: 'example.com/none' } });
    return !JSON.stringify(reply.body).includes('admission webhook');
  });
}

export interface Violation {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly message: string;
}

/** What Gatekeeper's audit finds of a constraint, in an audit that began after this was called. */
export async function violations(admin: Api, constraint: Manifest): Promise<readonly Violation[]> {
  const since = Date.now();
  let found: readonly Violation[] = [];
  await until(`an audit of ${constraint.kind}`, async () => {
    const { status } = await admin.get<LiveConstraint>(pathOfConstraint(constraint));
    // Its stamp is of the audit's beginning, in whole seconds.
    if (status?.auditTimestamp === undefined || Date.parse(status.auditTimestamp) < since) return false;
    found = status.violations ?? [];
    return true;
  });
  return found;
}

/** Starts the controller again, after `ControlPlane.halt(GATEKEEPER)`. */
export async function runGatekeeper(controlPlane: ControlPlane, binary: string): Promise<void> {
  const known = served_.get(controlPlane);
  if (known !== undefined) {
    if (known.running()) return;
    await known.start();
    return;
  }
  const { admin, folder } = controlPlane;
  await prepare(admin, binary);
  const [port, health, metrics] = (await freePorts(3)) as [number, number, number];
  const { certificate, key, authority } = await controlPlane.serverCertificate([`gatekeeper-webhook-service.${GATEKEEPER_NAMESPACE}.svc`]);
  const certificates = join(folder, 'gatekeeper');
  const audit = join(folder, 'gatekeeper-audit');
  for (const path of [certificates, audit]) mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries({ 'tls.crt': certificate, 'tls.key': key, 'ca.crt': authority })) writeFileSync(join(certificates, name), text, { mode: 0o600 });
  const kubeconfig = await controlPlane.kubeconfigFor('gatekeeper', { user: SERVICE_ACCOUNT, groups: ['system:serviceaccounts', `system:serviceaccounts:${GATEKEEPER_NAMESPACE}`] });
  const program = {
    name: GATEKEEPER,
    binary,
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--host=127.0.0.1',
      `--port=${port}`,
      `--health-addr=127.0.0.1:${health}`,
      `--prometheus-port=${metrics}`,
      `--cert-dir=${certificates}`,
      '--disable-cert-rotation',
      ...['audit', 'generate', 'status', 'webhook'].map((operation) => `--operation=${operation}`),
      `--audit-interval=${AUDIT_SECONDS}`,
      '--constraint-violations-limit=500',
      '--audit-match-kind-only',
      `--api-cache-dir=${audit}`,
      '--enable-external-data=false',
      '--enable-generator-resource-expansion=false',
    ],
    env: { ...process.env, POD_NAME: 'gatekeeper', POD_NAMESPACE: GATEKEEPER_NAMESPACE, NAMESPACE: GATEKEEPER_NAMESPACE },
  };
  let running = false;
  const start = async (): Promise<void> => {
    running = true;
    await controlPlane.runBesideUntil(program, async () => (await fetch(`http://127.0.0.1:${health}/readyz`)).ok);
  };
  served_.set(controlPlane, { port, authority, start, running: () => running, halted: () => (running = false) });
  await start();
}

/** Ends the controller, as a machine that takes all its replicas with it would. */
export async function haltGatekeeper(controlPlane: ControlPlane): Promise<void> {
  await controlPlane.halt(GATEKEEPER);
  served_.get(controlPlane)?.halted();
}

interface Serving {
  readonly port: number;
  readonly authority: string;
  readonly start: () => Promise<void>;
  readonly running: () => boolean;
  readonly halted: () => void;
}
const served_ = new WeakMap<ControlPlane, Serving>();

interface LiveTemplate extends LiveObject {
  readonly status?: { readonly created?: boolean; readonly byPod?: readonly { readonly observedGeneration?: number; readonly errors?: readonly { readonly code: string; readonly message: string }[] }[] };
}
interface LiveConstraint extends LiveObject {
  readonly status?: {
    readonly byPod?: readonly { readonly enforced?: boolean; readonly observedGeneration?: number }[];
    readonly auditTimestamp?: string;
    readonly violations?: readonly Violation[];
  };
}

const live = async <T>(admin: Api, object: Manifest): Promise<T> => admin.get<T>(await admin.pathOf(object));
const isTaken = ({ metadata, status }: LiveTemplate): boolean => status?.created === true && (status.byPod ?? []).some(({ observedGeneration, errors = [] }) => observedGeneration === metadata.generation && errors.length === 0);

async function complaints(admin: Api, templates: readonly Manifest[]): Promise<string> {
  const all = await Promise.all(templates.map((template) => live<LiveTemplate>(admin, template)));
  return all
    .filter((template) => !isTaken(template))
    .map(({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status)}`)
    .join('\n');
}

/** Gatekeeper makes kinds while we look; what the API server serves is asked each time. */
const pathOfConstraint = ({ apiVersion, kind, metadata }: Manifest): string => `/apis/${apiVersion}/${kind.toLowerCase()}/${metadata.name}`;
async function served(admin: Api, { apiVersion, kind }: Manifest): Promise<boolean> {
  return (await admin.request('GET', `/apis/${apiVersion}/${kind.toLowerCase()}`)).status === 200;
}

/** A webhook configuration that finds the Gatekeeper of a control plane, which runs beside it and not behind a Service. */
export function reachableHere(controlPlane: ControlPlane, webhook: Manifest): Manifest {
  const { authority, port } = served_.get(controlPlane)!;
  const { webhooks } = webhook as Manifest & { webhooks: readonly object[] };
  return { ...webhook, webhooks: webhooks.map((one) => ({ ...one, clientConfig: { url: `https://127.0.0.1:${port}/v1/admit`, caBundle: Buffer.from(authority).toString('base64') } })) };
}

/** Its kinds, its namespace, its Pod (which its statuses belong to) and what it may do: what its chart gives it, less what it has no use for here. */
async function prepare(admin: Api, binary: string): Promise<void> {
  const crds = join(dirname(binary), 'crds');
  const kinds = readdirSync(crds).map((file) => load(readFileSync(join(crds, file), 'utf8')) as Applied);
  for (const kind of kinds) await admin.apply(kind);
  await until('Gatekeeper\'s kinds are served', async () => (await admin.request('GET', '/apis/templates.gatekeeper.sh/v1/constrainttemplates')).status === 200 && (await admin.request('GET', '/apis/status.gatekeeper.sh/v1beta1/constraintpodstatuses')).status === 200);
  const RBAC = 'rbac.authorization.k8s.io';
  const rule = (group: string, resources: readonly string[], verbs: readonly string[]) => ({ apiGroups: [group], resources, verbs });
  const write = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
  await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: GATEKEEPER_NAMESPACE } });
  await until('its namespace has its service account', async () => (await admin.request('GET', `/api/v1/namespaces/${GATEKEEPER_NAMESPACE}/serviceaccounts/default`)).status === 200);
  const objects: (Applied & Record<string, unknown>)[] = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'gatekeeper-admin', namespace: GATEKEEPER_NAMESPACE } },
    // Never placed on a machine: the program runs beside the control plane.
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'gatekeeper', namespace: GATEKEEPER_NAMESPACE },
      spec: {
        schedulerName: 'none',
        // As the chart's pods: the namespace is restricted on EKS.
        securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [{ name: 'manager', image: 'example.com/gatekeeper:v3', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
      },
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name: 'gatekeeper-manager-role' },
      rules: [
        rule('*', ['*'], ['get', 'list', 'watch']),
        rule('', ['events'], ['create', 'patch']),
        rule('apiextensions.k8s.io', ['customresourcedefinitions'], write),
        ...['config', 'constraints', 'expansion', 'mutations', 'status', 'templates', 'connection', 'syncset'].map((group) => rule(`${group}.gatekeeper.sh`, ['*'], write)),
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'gatekeeper-manager-role' },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'gatekeeper-manager-role' },
      subjects: [{ kind: 'ServiceAccount', name: 'gatekeeper-admin', namespace: GATEKEEPER_NAMESPACE }],
    },
  ];
  for (const object of objects) await admin.apply(object);
}

async function gone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}
