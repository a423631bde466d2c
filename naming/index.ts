/**
 * Every name that two rooms share. Pure: strings in, strings out. A changed name is a new disk or a lost
 * grant, so nothing here may depend on order, time or a hash of content (the one exception, ConfigMaps, says so).
 */

/** Prefix of the labels, annotations and taints that Stockade sets. */
export const LABEL_PREFIX = 'stockade.dev';

/** Longest name a StatefulSet may have: its pods carry `<name>-<10 character hash>` as a 63-character label. */
export const MAX_STATEFUL_SET_NAME = 52;
/** Longest DNS label: Services, namespaces, label values. */
export const MAX_DNS_LABEL = 63;

/** Where the programs of `services/` run, in every cluster. */
export const SYSTEM_NAMESPACE = 'stockade-system';
/** Where Prometheus runs; its pods may scrape the metrics ports of staking pods. */
export const MONITORING_NAMESPACE = 'stockade-monitoring';
/** Where our own Deployments, Jobs and their kin have a place: nowhere else. A closed list, not a prefix; no network's namespace is called like one of them. */
export const PROGRAM_NAMESPACES: readonly string[] = [MONITORING_NAMESPACE, SYSTEM_NAMESPACE];
/** Labels of the pods in {@link MONITORING_NAMESPACE} that may scrape. */
export const MONITORING_POD_LABELS = { 'app.kubernetes.io/name': 'prometheus' } as const;

/** Where Gatekeeper runs; what its policies match leaves this namespace out. */
export const GATEKEEPER_NAMESPACE = 'gatekeeper-system';
/** Our own webhook configuration for Gatekeeper, whose certificate it has to renew beside that of the chart's. */
export const GATEKEEPER_WEBHOOK = 'stockade-gatekeeper';

/** The pool of untainted machines for everything that is no staking pod. No staking pool bears its name. */
export const SYSTEM_POOL = 'system';

/** The secret manager as pods reach it. */
export const SECRET_MANAGER = {
  service: 'secret-manager',
  port: 8443,
  podLabels: { 'app.kubernetes.io/name': 'secret-manager' },
  /** Audience of the projected service account tokens that it accepts. */
  audience: 'stockade-secret-manager',
} as const;

/** The service account of the rollout engine, in {@link SYSTEM_NAMESPACE}. */
export const ROLLOUT_ENGINE_SERVICE_ACCOUNT = 'rollout-engine';

export const LABELS = {
  network: `${LABEL_PREFIX}/network`,
  chain: `${LABEL_PREFIX}/chain`,
  node: `${LABEL_PREFIX}/node`,
  component: `${LABEL_PREFIX}/component`,
  role: `${LABEL_PREFIX}/role`,
  ring: `${LABEL_PREFIX}/ring`,
  /** `chain-data`, `signing-state`, `signing-chain` or `scratch`, on PVCs. */
  volumeKind: `${LABEL_PREFIX}/volume-kind`,
  /** `true` on everything of a component that can sign. */
  signer: `${LABEL_PREFIX}/signer`,
  /** On namespaces that admission policies protect: `staking` on those of networks, `system` on those of our programs. */
  protection: `${LABEL_PREFIX}/protection`,
  pool: `${LABEL_PREFIX}/pool`,
} as const;

/** Labels of every object that belongs to a cluster rather than to a node. */
export const PLATFORM_LABELS: Readonly<Record<string, string>> = {
  'app.kubernetes.io/part-of': 'stockade',
  'app.kubernetes.io/managed-by': 'stockade',
};

export const ANNOTATIONS = {
  /** On a StatefulSet: a stop by an operator that nothing raises again until it is removed. */
  hold: `${LABEL_PREFIX}/hold`,
  /** On a pod or Node, by break-glass: `<machine>: <evidence>` that the machine ended, without which nothing is force-deleted. */
  machineEnded: `${LABEL_PREFIX}/machine-ended`,
  /** On a StatefulSet and namespace: declared exceptions from the hardening, with reasons. */
  exceptions: `${LABEL_PREFIX}/exceptions`,
  /** On a StatefulSet: the client's version and data schema, for the rollout engine. */
  version: `${LABEL_PREFIX}/client-version`,
  dataSchema: `${LABEL_PREFIX}/data-schema`,
} as const;

/** The namespace of a network's staking nodes, the same in every cluster. */
export const networkNamespace = (network: string): string => `staking-${network}`;

/** StatefulSet, ServiceAccount, NetworkPolicy, PDB and in-cluster Service of one component. */
export const componentName = (node: string, component: string): string => `${node}-${component}`;

/** The one pod of a component. */
export const podName = (node: string, component: string): string => `${componentName(node, component)}-0`;

/** PVC of one volume of a component, for instance `eth-0-execution-chain-data`. */
export const pvcName = (node: string, component: string, volume: string): string =>
  `${componentName(node, component)}-${volume}`;

/** Service that keeps publishing a component which isn't ready yet (engine API, sentry). */
export const unreadyServiceName = (node: string, component: string, purpose: string): string =>
  `${componentName(node, component)}-${purpose}`;

/** Service through which other machines of the P2P network reach a component. */
export const p2pServiceName = (node: string, component: string, protocol?: 'tcp' | 'udp'): string =>
  `${componentName(node, component)}-p2p${protocol ? `-${protocol}` : ''}`;

/** The reserved public address of a component's load balancer. */
export const p2pAddressName = (cluster: string, node: string, component: string): string =>
  `stockade-${cluster}-${componentName(node, component)}`;

/** The subnet, by its Name tag, in which a zone's load balancers and public machines are. */
export const publicSubnetName = (cluster: string, zone: string): string => `stockade-${cluster}-public-${zone}`;

/** The cluster-internal DNS name of a Service. */
export const serviceHost = (service: string, namespace: string): string => `${service}.${namespace}.svc.cluster.local`;

/** A content-addressed, immutable ConfigMap. `digest` is the hex sha256 of its data. */
export const configMapName = (node: string, component: string, digest: string): string =>
  `${componentName(node, component)}-${digest.slice(0, 10)}`;

/** Role and RoleBinding by which operators may stop and fire this one node. */
export const nodeRoleName = (node: string): string => `${node}-operate`;

/** StorageClasses, by the kind of volume they serve. */
export const storageClassName = (kind: 'chain-data' | 'signing-state' | 'signing-chain' | 'scratch'): string => `stockade-${kind}`;

/** PriorityClasses: signers above all other staking pods. */
export const priorityClassName = (signs: boolean): string => (signs ? 'stockade-signer' : 'stockade-node');

/** Alias of the KMS key that encrypts a cluster's disks. */
export const diskKeyName = (cluster: string): string => `stockade-${cluster}-disks`;
/** GCP key ring of a cluster. */
export const keyRingName = (cluster: string): string => `stockade-${cluster}`;

/** Where the secret manager keeps a validator key; a path, never the key. Base64 keys hold `/`, which a path must not. */
export const keySecretPath = (network: string, publicKey: string): string => `networks/${network}/keys/${encodeURIComponent(publicKey)}`;
/** Where the secret manager keeps a secret of one node. */
export const nodeSecretPath = (network: string, cluster: string, node: string, secret: string): string =>
  `networks/${network}/nodes/${cluster}/${node}/${secret}`;
