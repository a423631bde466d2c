import type { Program } from '../../apps/system/program';
import type { Manifest } from '../../constructs/manifest';
import { SYSTEM_NAMESPACE } from '../../naming';

const labels = { 'app.kubernetes.io/name': 'painter' };
const selector = { matchLabels: labels };
const metadata = (name: string): Manifest['metadata'] => ({ name, namespace: SYSTEM_NAMESPACE, labels });

const podSpec = {
  serviceAccountName: 'painter',
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'painter',
      image: 'registry.example.com/painter:1.0.0',
      args: ['--colour={{ .Values.colour }}'],
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      volumeMounts: [{ name: 'easel', mountPath: '/easel' }],
    },
  ],
  volumes: [{ name: 'easel', persistentVolumeClaim: { claimName: 'painter-easel' } }],
};
const template = { metadata: { labels }, spec: podSpec };
const run = { metadata: { labels }, spec: { ...podSpec, restartPolicy: 'Never' } };

/** One object of every kind that a program may be made of. */
export const painterObjects: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata('painter'), automountServiceAccountToken: false },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: metadata('painter'), rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: metadata('painter'), roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'painter' }, subjects: [{ kind: 'ServiceAccount', name: 'painter', namespace: SYSTEM_NAMESPACE }] },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('painter'), data: { 'colours.json': '{"colours":["red"]}' } },
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: metadata('painter-easel'), spec: { accessModes: ['ReadWriteOncePod'], storageClassName: 'stockade-scratch', resources: { requests: { storage: '1Gi' } } } },
  { apiVersion: 'v1', kind: 'Service', metadata: metadata('painter'), spec: { selector: labels, ports: [{ port: 8080 }] } },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: metadata('painter'), spec: { podSelector: selector, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: selector }], ports: [{ port: 8080 }] }] } },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: metadata('painter'), spec: { maxUnavailable: 1, selector } },
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata('painter'), spec: { replicas: 2, selector, template } },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: metadata('painter-still'), spec: { replicas: 1, selector, template } },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: metadata('painter-store'), spec: { replicas: 3, serviceName: 'painter', selector, template } },
  { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: metadata('painter-walls'), spec: { selector, template } },
  { apiVersion: 'batch/v1', kind: 'CronJob', metadata: metadata('painter-daily'), spec: { schedule: '0 4 * * *', jobTemplate: { spec: { template: run } } } },
  { apiVersion: 'batch/v1', kind: 'Job', metadata: metadata('painter-once'), spec: { template: run } },
];

/** A program that the product does not have: what it is put through, a real one will be. */
export const painter: Program = { name: 'painter', objects: () => structuredClone(painterObjects) };

/** A copy of one of its objects, changed. */
export function painted(kind: string, change: (object: Manifest, spec: Spec) => void): Manifest {
  const object = structuredClone(painterObjects.find((one) => one.kind === kind)!);
  change(object, object['spec'] as Spec);
  return object;
}

interface Pods {
  metadata: { labels: Record<string, string> };
  spec: { volumes: object[] } & Record<string, unknown>;
}
export interface Spec {
  template: Pods;
  jobTemplate: { metadata?: { labels: Record<string, string> }; spec: { template: Pods } };
  [field: string]: unknown;
}
