import { describe, expect, it } from 'vitest';
import { PlatformError, platformFiles, type PlatformFacts } from '../../apps/platform';
import { levelFor } from '../../apps/platform/namespaces';
import type { HardeningException } from '../../chains/component';
import type { Manifest } from '../../constructs/manifest';
import type { VolumeKind } from '../../model/catalogue';
import type { Cluster } from '../../model/types';
import { ANNOTATIONS, GATEKEEPER_NAMESPACE, LABELS, MONITORING_NAMESPACE, priorityClassName, storageClassName, SYSTEM_NAMESPACE } from '../../naming';
import { validateObject } from '../kubernetes-schema';
import { eks, ethereum, facts, fleet, gke } from './fleet';

const render = (cluster: Cluster, given: PlatformFacts = facts()): Manifest[] =>
  platformFiles(fleet, cluster, given).flatMap(({ objects }) => objects);

const find = (objects: readonly Manifest[], kind: string, name: string, namespace?: string): Manifest => {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name && object.metadata.namespace === namespace);
  expect(found).toHaveLength(1);
  return found[0]!;
};

const failure = (act: () => unknown): PlatformError => {
  try {
    act();
  } catch (error) {
    if (error instanceof PlatformError) return error;
    throw error;
  }
  throw new Error('expected a PlatformError');
};

const NAMESPACES = ['staking-mainnet', 'staking-solana-testnet', SYSTEM_NAMESPACE, MONITORING_NAMESPACE];
/** On EKS Gatekeeper's too, since its policies have to be there before it is. */
const namespacesOf = (cluster: Cluster): readonly string[] => (cluster.cloud === 'aws' ? [...NAMESPACES, GATEKEEPER_NAMESPACE] : NAMESPACES);

describe.each([gke(), eks])('the platform of $name', (cluster) => {
  const files = platformFiles(fleet, cluster, facts());
  const objects = files.flatMap((file) => file.objects);

  it('has stable file names', () => {
    expect(files.map(({ path }) => path).filter((path) => !path.startsWith('policies/'))).toEqual([
      '00-namespaces.yaml',
      'network-policies.yaml',
      ...(cluster.cloud === 'aws' ? ['add-on-network-policies.yaml'] : []),
      'storage-classes.yaml',
      'priority-classes.yaml',
      'access.yaml',
      'networks/mainnet.yaml',
      'networks/solana-testnet.yaml',
    ]);
  });

  it('is valid against the schemas of Kubernetes, and plain data', () => {
    expect(objects.flatMap((object) => validateObject(object).map((problem) => `${object.kind} ${object.metadata.name}${problem}`))).toEqual([]);
    expect(JSON.parse(JSON.stringify(objects))).toEqual(objects);
  });

  it('names every object once', () => {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it('does not depend on the order of the facts', () => {
    const { networks } = facts();
    const turned = { helm: false, networks: Object.fromEntries(Object.entries(networks).reverse()) };
    expect(JSON.stringify(platformFiles(fleet, cluster, turned))).toBe(JSON.stringify(files));
  });

  it('denies all traffic by default, both ways, in every namespace', () => {
    expect(objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name).sort()).toEqual([...namespacesOf(cluster)].sort());
    for (const namespace of namespacesOf(cluster)) {
      expect(find(objects, 'NetworkPolicy', 'default-deny', namespace)['spec']).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    }
  });

  it('holds every namespace to `restricted`, pinned to the minor, except where a network declares more', () => {
    const version = `v${cluster.kubernetesVersion}`;
    for (const name of namespacesOf(cluster)) {
      expect(find(objects, 'Namespace', name).metadata.labels).toMatchObject({
        'pod-security.kubernetes.io/enforce': name === 'staking-solana-testnet' ? 'privileged' : 'restricted',
        'pod-security.kubernetes.io/enforce-version': version,
        'pod-security.kubernetes.io/audit': 'restricted',
        'pod-security.kubernetes.io/audit-version': version,
        // Of what is declared nobody is warned at every apply; the audit log has it.
        'pod-security.kubernetes.io/warn': name === 'staking-solana-testnet' ? 'privileged' : 'restricted',
        'pod-security.kubernetes.io/warn-version': version,
      });
    }
  });

  it('protects the staking namespaces and, under another label, our programs\'; no other', () => {
    for (const name of namespacesOf(cluster)) {
      const protection = name.startsWith('staking-') ? 'staking' : name === GATEKEEPER_NAMESPACE ? undefined : 'system';
      expect([name, find(objects, 'Namespace', name).metadata.labels?.[LABELS.protection]]).toEqual([name, protection]);
    }
    expect(find(objects, 'Namespace', 'staking-mainnet').metadata.labels).toMatchObject({ [LABELS.network]: 'mainnet', [LABELS.chain]: 'ethereum' });
  });

  it('says why a namespace is weaker, each reason once', () => {
    expect(find(objects, 'Namespace', 'staking-solana-testnet').metadata.annotations).toEqual({
      'helm.sh/resource-policy': 'keep',
      [ANNOTATIONS.exceptions]:
        'host-network: Turbine needs thousands of UDP flows a second.\nseccomp-localhost (solana.json): io_uring is refused by RuntimeDefault.',
    });
    expect(find(objects, 'Namespace', 'staking-mainnet').metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
  });

  it('outlives its Helm chart where its end would be the end of disks', () => {
    const kept = objects.filter(({ kind }) => kind === 'Namespace' || kind === 'StorageClass');
    expect(kept.length).toBeGreaterThan(3);
    for (const { metadata } of kept) expect([metadata.name, metadata.annotations?.['helm.sh/resource-policy']]).toEqual([metadata.name, 'keep']);
  });

  it('ranks signers first, lets nobody preempt, and stays below the system', () => {
    const [signer, other] = [true, false].map((signs) => find(objects, 'PriorityClass', priorityClassName(signs)));
    for (const { value, globalDefault, preemptionPolicy } of [signer, other] as unknown as { value: number; globalDefault: boolean; preemptionPolicy: string }[]) {
      expect({ globalDefault, preemptionPolicy }).toEqual({ globalDefault: false, preemptionPolicy: 'Never' });
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(1_000_000_000);
    }
    expect(signer!['value']).toBeGreaterThan(other!['value'] as number);
  });

  it('keeps, grows and binds late every disk, as ext4', () => {
    const classes = objects.filter(({ kind }) => kind === 'StorageClass');
    expect(classes.map(({ metadata }) => metadata.name)).toEqual(['stockade-chain-data', 'stockade-signing-state', 'stockade-signing-chain', 'stockade-scratch']);
    for (const { reclaimPolicy, allowVolumeExpansion, volumeBindingMode, parameters } of classes as unknown as Record<string, unknown>[]) {
      expect({ reclaimPolicy, allowVolumeExpansion, volumeBindingMode }).toEqual({
        reclaimPolicy: 'Retain',
        allowVolumeExpansion: true,
        volumeBindingMode: 'WaitForFirstConsumer',
      });
      expect((parameters as Record<string, string>)['csi.storage.k8s.io/fstype']).toBe('ext4');
    }
  });

  it('gives the rollout engine an account without a token in every pod', () => {
    expect(find(objects, 'ServiceAccount', 'rollout-engine', SYSTEM_NAMESPACE)['automountServiceAccountToken']).toBe(false);
  });
});

describe('Pod Security levels', () => {
  const cases: [HardeningException['what'], string | undefined, string | undefined][] = [
    ['host-network', undefined, 'privileged'],
    ['host-port', '30303', 'privileged'],
    ['root-user', undefined, 'baseline'],
    ['capability', 'NET_BIND_SERVICE', 'restricted'],
    ['capability', 'CHOWN', 'baseline'],
    ['capability', 'IPC_LOCK', 'privileged'],
    ['capability', 'SYS_ADMIN', 'privileged'],
    ['capability', undefined, undefined],
    ['seccomp-localhost', 'solana.json', 'restricted'],
    ['machine-feature', 'memlock-2g', 'restricted'],
    ['writable-root', undefined, 'restricted'],
  ];
  it.each(cases)('%s %s: %s', (what, value, level) => {
    expect(levelFor({ what, value, reason: 'why' })).toBe(level);
  });

  it('are the weakest that any exception of the network needs', () => {
    const enforced = (exceptions: HardeningException[]): string | undefined =>
      find(render(eks, facts({ networks: { ...facts().networks, mainnet: { ...ethereum, exceptions } } })), 'Namespace', 'staking-mainnet').metadata.labels?.[
        'pod-security.kubernetes.io/enforce'
      ];
    const root: HardeningException = { what: 'root-user', reason: 'r' };
    expect(enforced([{ what: 'machine-feature', value: 'io-uring', reason: 'r' }])).toBe('restricted');
    expect(enforced([root, { what: 'writable-root', reason: 'r' }])).toBe('baseline');
    expect(enforced([{ what: 'host-port', reason: 'r' }, root])).toBe('privileged');
  });

  it('are not guessed for a capability without a name', () => {
    const given = facts({ networks: { ...facts().networks, mainnet: { ...ethereum, exceptions: [{ what: 'capability', reason: 'it wants one' }] } } });
    const error = failure(() => render(eks, given));
    expect(error.code).toBe('capability-unnamed');
    expect(error.message).toBe(
      'error: eks-dublin: network "mainnet" has a capability exception that names no capability (reason given: "it wants one")\n' +
      '  next: Give the capability as the exception\'s value, such as "NET_BIND_SERVICE".',
    );
  });
});

describe('StorageClasses', () => {
  const parameters = (cluster: Cluster, kind: VolumeKind): unknown =>
    find(render(cluster), 'StorageClass', storageClassName(kind))['parameters'];
  const GOOGLE_KEY = {
    'disk-encryption-kms-key':
      'projects/stakes-prod/locations/europe-west6/keyRings/stockade-gke-zurich/cryptoKeys/stockade-gke-zurich-disks',
    'csi.storage.k8s.io/fstype': 'ext4',
  };
  const AMAZON_KEY = {
    encrypted: 'true',
    kmsKeyId: 'arn:aws:kms:eu-west-1:111122223333:alias/stockade-eks-dublin-disks',
    'csi.storage.k8s.io/fstype': 'ext4',
  };

  it('use the driver of their cloud', () => {
    const provisioner = (cluster: Cluster): unknown => find(render(cluster), 'StorageClass', 'stockade-chain-data')['provisioner'];
    expect([provisioner(gke()), provisioner(eks)]).toEqual(['pd.csi.storage.gke.io', 'ebs.csi.aws.com']);
  });

  it('on EKS are gp3 under the cluster\'s key, with performance where the chain works', () => {
    expect(parameters(eks, 'chain-data')).toEqual({ type: 'gp3', iops: '8000', throughput: '700', ...AMAZON_KEY });
    expect(parameters(eks, 'scratch')).toEqual({ type: 'gp3', iops: '8000', throughput: '700', ...AMAZON_KEY });
    expect(parameters(eks, 'signing-state')).toEqual({ type: 'gp3', ...AMAZON_KEY });
    // A chain's working set, whatever else is in it.
    expect(parameters(eks, 'signing-chain')).toEqual(parameters(eks, 'chain-data'));
  });

  it('on GKE are Persistent Disk as soon as one pool takes nothing else', () => {
    for (const types of [['n2-standard-16'], ['c3-standard-8', 'n2d-highmem-32'], ['e2-standard-4', 'm3-ultramem-32']]) {
      expect(parameters(gke(types), 'chain-data')).toEqual({ type: 'pd-ssd', ...GOOGLE_KEY });
      expect(parameters(gke(types), 'signing-state')).toEqual({ type: 'pd-balanced', ...GOOGLE_KEY });
    }
  });

  it('on GKE are Hyperdisk Balanced where every pool takes it', () => {
    for (const types of [['c3-standard-8'], ['n4-standard-16'], ['c4-standard-8', 'c3d-standard-16']]) {
      expect(parameters(gke(types), 'chain-data')).toEqual({
        type: 'hyperdisk-balanced',
        'provisioned-iops-on-create': '8000',
        'provisioned-throughput-on-create': '700Mi',
        ...GOOGLE_KEY,
      });
      expect(parameters(gke(types), 'signing-state')).toEqual({ type: 'hyperdisk-balanced', ...GOOGLE_KEY });
    }
  });

  it('on GKE are refused where no disk fits all pools, or a series is unknown', () => {
    const none = failure(() => render(gke(['n2-standard-16', 'c4-standard-8'])));
    expect(none.code).toBe('disk-type-none');
    expect(none.message).toBe(
      'error: gke-zurich: no one type of disk can be attached to the machines of all pools: p0 (n2-standard-16) takes persistent; ' +
      'p1 (c4-standard-8) takes hyperdisk\n  next: Give all pools of the cluster series that take Hyperdisk Balanced, or all of them series that take Persistent Disk.',
    );
    const unknown = failure(() => render(gke(['n2-standard-16', 'q9-standard-8'])));
    expect({ code: unknown.code, value: unknown.value }).toEqual({ code: 'machine-series-unknown', value: 'q9-standard-8' });
    expect(unknown.message).toContain('gke-zurich: pool "p1" has machine type "q9-standard-8", of whose series it is not known which disks it takes\n  next: ');
  });
});

describe('quotas', () => {
  const hard = (cluster: Cluster, network: string, given?: PlatformFacts): Record<string, string | number> =>
    (find(render(cluster, given), 'ResourceQuota', 'declared', `staking-${network}`)['spec'] as { hard: Record<string, string> }).hard;

  it('equal what is declared', () => {
    expect(hard(eks, 'mainnet')).toMatchObject({
      pods: '3',
      'requests.cpu': '7650m',
      'requests.memory': '40000Mi',
      'limits.memory': '40000Mi',
      'count/statefulsets.apps': '6',
      'services.loadbalancers': '2',
      'services.nodeports': '5',
      persistentvolumeclaims: '6',
      'requests.storage': '3608Gi',
      'stockade-chain-data.storageclass.storage.k8s.io/persistentvolumeclaims': '4',
      'stockade-chain-data.storageclass.storage.k8s.io/requests.storage': '3600Gi',
      'stockade-signing-state.storageclass.storage.k8s.io/persistentvolumeclaims': '2',
      'stockade-signing-state.storageclass.storage.k8s.io/requests.storage': '8Gi',
      'stockade-scratch.storageclass.storage.k8s.io/persistentvolumeclaims': '0',
      'stockade-scratch.storageclass.storage.k8s.io/requests.storage': '0Gi',
    });
    expect(hard(gke(), 'solana-testnet')).toMatchObject({
      pods: '1',
      'requests.cpu': '16',
      'requests.memory': '393216Mi',
      'count/statefulsets.apps': '1',
      'services.loadbalancers': '0',
      'services.nodeports': '0',
      persistentvolumeclaims: '3',
      'requests.storage': '1504Gi',
    });
  });

  it('leave no room for what must never be there', () => {
    for (const [cluster, classes] of [[gke(), ['standard', 'standard-rwo', 'premium-rwo']], [eks, ['gp2', 'gp3']]] as const) {
      const zero = Object.entries(hard(cluster, 'mainnet')).filter(([, value]) => value === '0').map(([name]) => name);
      expect(zero).toEqual(
        expect.arrayContaining([
          ...['deployments.apps', 'replicasets.apps', 'daemonsets.apps', 'replicationcontrollers', 'jobs.batch', 'cronjobs.batch'].map((name) => `count/${name}`),
          ...['horizontalpodautoscalers.autoscaling', 'ingresses.networking.k8s.io', 'podtemplates', 'secrets'].map((name) => `count/${name}`),
          ...classes.map((name) => `${name}.storageclass.storage.k8s.io/persistentvolumeclaims`),
        ]),
      );
    }
  });

  it('have no room for a pod where nothing runs, and keep the room of its disks', () => {
    const stopped = facts({ networks: { ...facts().networks, mainnet: { ...ethereum, running: { pods: 0, cpuMillis: 0, memoryMiB: 0 } } } });
    expect(hard(eks, 'mainnet', stopped)).toMatchObject({ pods: '0', 'requests.cpu': '0', 'limits.memory': '0Mi', persistentvolumeclaims: '6', 'count/statefulsets.apps': '6' });
  });

  it('let Helm remember its releases, and only Helm', () => {
    expect(hard(eks, 'mainnet', facts({ helm: true }))['count/secrets']).toBe('10');
    expect(hard(eks, 'mainnet')['count/secrets']).toBe('0');
  });
});

describe('facts that do not fit the fleet', () => {
  it('are refused when they leave a network out', () => {
    const error = failure(() => render(eks, facts({ networks: { mainnet: ethereum } })));
    expect({ code: error.code, value: error.value }).toEqual({ code: 'facts-missing', value: 'solana-testnet' });
    expect(error.message).toBe(
      'error: eks-dublin: network "solana-testnet" has nodes here, but the facts given do not count them\n' +
      '  next: Count every network of the cluster, retired nodes included: without a count its quota would be wrong.',
    );
  });

  it('are refused when they count a network that is not declared', () => {
    const error = failure(() => render(eks, facts({ networks: { ...facts().networks, holesky: ethereum } })));
    expect(error.code).toBe('network-unknown');
    expect(error.message).toBe(
      'error: eks-dublin: the facts count network "holesky", which the fleet does not declare\n' +
      '  next: Declare it in fleet/networks/holesky.yaml; declared are: mainnet, solana-testnet.',
    );
  });
});
