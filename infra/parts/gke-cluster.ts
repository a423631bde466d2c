import { ContainerCluster, type ContainerClusterMaintenancePolicy } from '@cdktf/provider-google/lib/container-cluster';
import type { ContainerNodePool } from '@cdktf/provider-google/lib/container-node-pool';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import type { Infrastructure } from '../../model/types';
import { PODS_RANGE, SERVICES_RANGE } from '../../naming/clouds';
import type { ClusterProps, MachinePool } from './cluster-props';
import { gkeNodePool } from './gke-node-pool';

export interface GkeClusterProps extends ClusterProps {
  readonly project: string;
  /** VPC and subnet by name; the subnet's secondary ranges are {@link PODS_RANGE} and {@link SERVICES_RANGE}. */
  readonly network: string;
  readonly subnetwork: string;
  /** A /28 for the private control plane. */
  readonly controlPlaneRange: string;
  readonly releaseChannel: Infrastructure['gcp']['releaseChannel'];
  /** Days, both included, in which GKE upgrades no minor version and no machine on its own. */
  readonly upgradesHeld: Infrastructure['gcp']['upgradesHeld'];
  /** Google group whose member groups RBAC may name. */
  readonly securityGroup: string;
  /** KMS keys by resource id: of Kubernetes Secrets in etcd, and of boot disks. */
  readonly secretsKey: string;
  readonly bootDiskKey: string;
  /** Service accounts of machines, by their e-mail addresses. */
  readonly machineAccounts: Readonly<Record<MachinePool['exposure'], string>>;
  /** What has to be granted before the first machine starts. */
  readonly dependsOn: ITerraformDependable[];
}

/**
 * A regional GKE cluster with private machines, as `docs/threat-model.md` counts on it, and its node pools.
 *
 * The control plane has no public address. It is reached by its DNS endpoint, where IAM decides who connects (`container.clusters.connect`), and
 * inside the network by its private address, from authorized networks alone. What anybody may do there is RBAC's.
 */
export class GkeCluster extends Construct {
  readonly cluster: ContainerCluster;
  readonly pools: readonly ContainerNodePool[];

  constructor(scope: Construct, id: string, props: GkeClusterProps) {
    super(scope, id);
    const { name, project, region } = props;
    this.cluster = new ContainerCluster(this, 'cluster', {
      name,
      project,
      location: region,
      nodeLocations: [...props.zones],
      minMasterVersion: props.kubernetesVersion,
      deletionProtection: true,
      resourceLabels: { ...props.labels },

      network: props.network,
      subnetwork: props.subnetwork,
      networkingMode: 'VPC_NATIVE',
      ipAllocationPolicy: { clusterSecondaryRangeName: PODS_RANGE, servicesSecondaryRangeName: SERVICES_RANGE },
      defaultMaxPodsPerNode: props.podsPerMachine,
      datapathProvider: 'ADVANCED_DATAPATH',
      // Flow logs see what pods of one machine say to each other.
      enableIntranodeVisibility: true,
      privateClusterConfig: {
        enablePrivateNodes: true,
        enablePrivateEndpoint: true,
        masterIpv4CidrBlock: props.controlPlaneRange,
        masterGlobalAccessConfig: { enabled: true },
      },
      controlPlaneEndpointsConfig: { dnsEndpointConfig: { allowExternalTraffic: true }, ipEndpointsConfig: { enabled: true } },
      masterAuthorizedNetworksConfig: {
        gcpPublicCidrsAccessEnabled: false,
        privateEndpointEnforcementEnabled: true,
        cidrBlocks: props.authorizedNetworks.map(({ name: displayName, range }) => ({ displayName, cidrBlock: range })),
      },
      serviceExternalIpsConfig: { enabled: false },

      workloadIdentityConfig: { workloadPool: `${project}.svc.id.goog` },
      authenticatorGroupsConfig: { securityGroup: props.securityGroup },
      enableLegacyAbac: false,
      masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
      anonymousAuthenticationConfig: { mode: 'LIMITED' },
      rbacBindingConfig: { enableInsecureBindingSystemAuthenticated: false, enableInsecureBindingSystemUnauthenticated: false },
      enableShieldedNodes: true,
      databaseEncryption: { state: 'ENCRYPTED', keyName: props.secretsKey },
      binaryAuthorization: { evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' },
      securityPostureConfig: { mode: 'BASIC', vulnerabilityMode: 'VULNERABILITY_DISABLED' },

      releaseChannel: { channel: props.releaseChannel },
      maintenancePolicy: maintenancePolicy(props),

      loggingConfig: { enableComponents: ['SYSTEM_COMPONENTS', 'WORKLOADS', 'APISERVER', 'SCHEDULER', 'CONTROLLER_MANAGER'] },
      monitoringConfig: { enableComponents: ['SYSTEM_COMPONENTS', 'APISERVER', 'SCHEDULER', 'CONTROLLER_MANAGER'], managedPrometheus: { enabled: true } },
      costManagementConfig: { enabled: true },
      addonsConfig: {
        gcePersistentDiskCsiDriverConfig: { enabled: true },
        // Load balancers of the class `networking.gke.io/l4-regional-external` are its work.
        httpLoadBalancing: { disabled: false },
        // The caches on each machine have names that the pods' policies let out to.
        dnsCacheConfig: { enabled: true },
      },
      clusterAutoscaling: { enabled: false },

      // The pool that GKE insists on is gone once the cluster is there; it lives by the same rules meanwhile.
      removeDefaultNodePool: true,
      initialNodeCount: 1,
      nodeConfig: {
        serviceAccount: props.machineAccounts.private,
        bootDiskKmsKey: props.bootDiskKey,
        metadata: { 'disable-legacy-endpoints': 'true' },
        shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
        workloadMetadataConfig: { mode: 'GKE_METADATA' },
      },
      timeouts: { create: '60m', update: '120m', delete: '60m' },
      dependsOn: props.dependsOn,
      lifecycle: { ignoreChanges: ['node_config', 'initial_node_count'] },
    });
    this.pools = props.pools.map((pool) =>
      gkeNodePool(this, pool.name, {
        project,
        region,
        cluster: this.cluster.name,
        clusterName: name,
        pool,
        podsPerMachine: props.podsPerMachine,
        machineAccount: props.machineAccounts[pool.exposure],
        bootDiskKey: props.bootDiskKey,
        labels: props.labels,
      }),
    );
  }
}

/**
 * A release channel upgrades machines on its own, and honours a disruption budget for an hour only: each signer would be moved at an hour of
 * Google's choosing. So minors and machines are held, and go when somebody asks; control planes take patches in the windows, which restart no
 * pod; in the declared spans nothing is touched at all.
 */
function maintenancePolicy({ maintenance, upgradesHeld }: GkeClusterProps): ContainerClusterMaintenancePolicy {
  const { start, hours, days, exclusions } = maintenance;
  const opens = new Date(`${FIRST_DAY}T${start}:00Z`);
  return {
    recurringWindow: {
      startTime: timestamp(opens),
      endTime: timestamp(new Date(opens.getTime() + hours * 3600_000)),
      recurrence: `FREQ=WEEKLY;BYDAY=${days.join(',')}`,
    },
    maintenanceExclusion: [
      exclusion('machines-and-minors-held', upgradesHeld.from, upgradesHeld.until, 'NO_MINOR_OR_NODE_UPGRADES'),
      ...exclusions.map(({ name, from, to }) => exclusion(name, from, to, 'NO_UPGRADES')),
    ],
  };
}

/** A window recurs from a first day on; any day in the past will do, as long as it stays the same. */
const FIRST_DAY = '2026-01-01';

/** From the first second of the first day to the last day's end. */
const exclusion = (exclusionName: string, from: string, to: string, scope: 'NO_UPGRADES' | 'NO_MINOR_OR_NODE_UPGRADES') => ({
  exclusionName,
  startTime: `${from}T00:00:00Z`,
  endTime: timestamp(new Date(Date.parse(`${to}T00:00:00Z`) + 24 * 3600_000)),
  exclusionOptions: { scope },
});

const timestamp = (date: Date): string => date.toISOString().replace('.000Z', 'Z');
