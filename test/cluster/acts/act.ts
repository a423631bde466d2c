import type { LiveObject } from '../api';

/** Who tries something. The first nine are people's and programs' roles; the rest is Kubernetes itself. */
export const IDENTITIES = [
  'viewer',
  'operator',
  'deployer',
  'rolloutEngine',
  'breakGlass',
  'dataCustodian',
  /** Everything here is tried in dry runs, in which it is judged as the deployer is. */
  'planner',
  'platform',
  /** Broad edit rights, and in no group of the fleet. */
  'editor',
  'ownKubelet',
  'otherKubelet',
  'statefulSetController',
  'podGarbageCollector',
  'garbageCollector',
  'scheduler',
  'provisioner',
  'stakingAccount',
  'gatekeeper',
] as const;
export type Identity = (typeof IDENTITIES)[number];
export const ROLES = IDENTITIES.slice(0, 9) as readonly Identity[];
/** Whom Gatekeeper's webhook isn't asked about: with it down they go on. */
export const CONTROL_PLANE: readonly Identity[] = ['ownKubelet', 'otherKubelet', 'statefulSetController', 'podGarbageCollector', 'garbageCollector', 'scheduler', 'provisioner'];

/** One request, and what becomes of it by whom. */
export interface Act {
  readonly title: string;
  /** The rule that it is a fixture of. */
  readonly rule: string;
  readonly request: (world: World) => ApiRequest;
  /** Whom the rules let through, of {@link ROLES} and {@link also}; all others are refused. */
  readonly allowed: readonly Identity[];
  /** Further identities that matter here. @default none */
  readonly also?: readonly Identity[];
  /** Other rules that refuse the same request to some; Kubernetes names one of them. @default none */
  readonly or?: readonly string[];
  /** Roles that may do it with the roles that they really have: a cell of the table. @default nobody */
  readonly table?: readonly Identity[];
  /** Goes through (or not) for real, where there is no dry run. */
  readonly connects?: true;
  /** Is carried out, not tried: it must do no harm to the acts that follow. */
  readonly real?: true;
}

export interface ApiRequest {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'GET';
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** Live objects of one cluster that acts are aimed at. */
export interface World {
  readonly namespace: string;
  /** A running signer, its pod on a machine, and all that belongs to it. */
  readonly signer: string;
  readonly statefulSet: Live;
  readonly pod: Live;
  readonly claim: Live;
  readonly budget: Live;
  readonly configMap: Live;
  readonly machine: Live;
  readonly volume: Live;
  readonly namespaceObject: Live;
  /** A stopped workload, with and without a hold. */
  readonly held: Live;
  readonly stopped: Live;
  /** A pod that carries the proof that its machine ended, and a finalizer. */
  readonly proven: Live;
  /** A pod that was never placed, with a finalizer. */
  readonly unbound: Live;
  /** Pods that their kubelet calls Failed: its containers ended; refused, so without any; and one of which a container is said to run. */
  readonly ended: Live;
  readonly rejected: Live;
  readonly unended: Live;
  /** StatefulSets that were there before the rules: nothing about them is as it should be. The first runs twice, armed and held. */
  readonly outdated: Live;
  /** The same, stopped and disarmed. */
  readonly disarmed: Live;
  /** A Deployment, its ReplicaSet and a CronJob that were there before the rules. */
  readonly intruder: Live;
  readonly intruders: Live;
  readonly cron: Live;
  /** A StatefulSet that is not there yet, as it is rendered. */
  readonly fresh: Live;
}

/** Acts reach deep into copies of objects of many kinds. */
export type Live = Omit<LiveObject, 'metadata'> & {
  metadata: { name: string; namespace?: string; uid: string; labels?: Record<string, string>; annotations?: Record<string, string>; ownerReferences?: object[] };
  spec: any;
  status?: any;
};

const ROOTS: Readonly<Record<string, string>> = {
  StatefulSet: '/apis/apps/v1/namespaces/NS/statefulsets',
  Pod: '/api/v1/namespaces/NS/pods',
  Deployment: '/apis/apps/v1/namespaces/NS/deployments',
  ReplicaSet: '/apis/apps/v1/namespaces/NS/replicasets',
  CronJob: '/apis/batch/v1/namespaces/NS/cronjobs',
  PersistentVolumeClaim: '/api/v1/namespaces/NS/persistentvolumeclaims',
  PodDisruptionBudget: '/apis/policy/v1/namespaces/NS/poddisruptionbudgets',
  ConfigMap: '/api/v1/namespaces/NS/configmaps',
  Node: '/api/v1/nodes',
  PersistentVolume: '/api/v1/persistentvolumes',
  Namespace: '/api/v1/namespaces',
};

/** The path of a live object, or of something below it. */
export const pathOf = ({ kind, metadata }: Live, subresource = ''): string =>
  `${ROOTS[kind]!.replace('NS', metadata.namespace ?? '')}/${metadata.name}${subresource === '' ? '' : `/${subresource}`}`;

export const merge = (object: Live, body: unknown, subresource = ''): ApiRequest => ({ method: 'PATCH', path: pathOf(object, subresource), body, contentType: 'application/merge-patch+json' });
export const jsonPatch = (object: Live, body: readonly object[], subresource = ''): ApiRequest => ({ method: 'PATCH', path: pathOf(object, subresource), body, contentType: 'application/json-patch+json' });
export const strategic = (object: Live, body: unknown): ApiRequest => ({ method: 'PATCH', path: pathOf(object), body, contentType: 'application/strategic-merge-patch+json' });
/** A PUT of the whole object, changed. */
export function replace<T extends Live>(object: T, change: (copy: T) => void, subresource = ''): ApiRequest {
  const copy = structuredClone(object);
  change(copy);
  return { method: 'PUT', path: pathOf(object, subresource), body: copy };
}
export const serverSideApply = (object: Live, body: object): ApiRequest => ({
  method: 'PATCH',
  path: `${pathOf(object)}?fieldManager=attacker&force=true`,
  body: { apiVersion: object.apiVersion, kind: object.kind, metadata: { name: object.metadata.name, namespace: object.metadata.namespace }, ...body },
  contentType: 'application/apply-patch+yaml',
});
export const create = (path: string, body: unknown): ApiRequest => ({ method: 'POST', path, body });
/** With a body the API server takes its options from there and none from the query, the dry run included. */
export const remove = (object: Live, options: object = {}): ApiRequest => ({ method: 'DELETE', path: pathOf(object), body: { apiVersion: 'v1', kind: 'DeleteOptions', dryRun: ['All'], ...options } });

/** A new StatefulSet of the fleet's shape, weakened: what a person with an editor and little time would apply. */
export function fresh({ fresh: object }: World, weaken: (spec: any, copy: Live) => void): ApiRequest {
  const copy = structuredClone(object);
  weaken(copy.spec, copy);
  return create(`/apis/apps/v1/namespaces/${object.metadata.namespace}/statefulsets`, copy);
}
