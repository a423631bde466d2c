import { describe, expect, it } from 'vitest';
import { machinePools } from '../../../infra/context/demand';
import { gkeClusters } from '../../../infra/context/gcp';
import { SOLANA_SYSCTLS } from '../../../infra/parts/gke-node-pool';
import { SYSTEM_POOL } from '../../../naming';
import { MAX_NODE_POOL_NAME } from '../../../naming/clouds';
import { exampleStacks, type Attributes } from '../stacks';

const stacks = exampleStacks();
const { infrastructure, clusters, settings } = stacks.context.fleet;

describe.each(gkeClusters(clusters))('GKE cluster $name', (declared) => {
  const id = `${declared.name}-cluster`;
  const cluster = stacks.resource(id, 'google_container_cluster');
  const pools = stacks.resources(id, 'google_container_node_pool');
  const exposureOf = (pool: Attributes): string => declared.pools.find(({ name }) => pool['name'].startsWith(`${name}-`))?.exposure ?? 'private';
  const publicPools = pools.filter((pool) => exposureOf(pool) === 'public');

  it('is regional, over the zones of the fleet', () => {
    expect(cluster['location']).toBe(declared.region);
    expect(cluster['node_locations']).toEqual(declared.zones);
  });

  it('runs the minor version of the fleet', () => {
    expect(cluster['min_master_version']).toBe(declared.kubernetesVersion);
  });

  it('has private machines unless a pool is declared public', () => {
    expect(cluster['private_cluster_config'].enable_private_nodes).toBe(true);
    for (const pool of pools) expect(pool['network_config'].enable_private_nodes, pool['name']).toBe(exposureOf(pool) === 'private');
    expect(publicPools.length).toBeGreaterThan(0);
  });

  it('has a control plane without a public address, reached by its DNS endpoint', () => {
    expect(cluster['private_cluster_config'].enable_private_endpoint).toBe(true);
    expect(cluster['control_plane_endpoints_config'].dns_endpoint_config.allow_external_traffic).toBe(true);
    expect(cluster['private_cluster_config'].master_ipv4_cidr_block).toBe(declared.ranges.controlPlane);
  });

  it('lets authorized networks in by the private address: the management networks and no others', () => {
    const { cidr_blocks, private_endpoint_enforcement_enabled, gcp_public_cidrs_access_enabled } = cluster['master_authorized_networks_config'];
    expect(cidr_blocks.map((block: Attributes) => block['cidr_block'])).toEqual([infrastructure.gcp.management.range, infrastructure.aws.management.range, ...infrastructure.authorizedNetworks.map(({ range }) => range)]);
    expect(private_endpoint_enforcement_enabled).toBe(true);
    expect(gcp_public_cidrs_access_enabled).toBe(false);
  });

  it('is VPC-native', () => {
    expect(cluster['networking_mode']).toBe('VPC_NATIVE');
    expect(cluster['ip_allocation_policy']).toEqual({ cluster_secondary_range_name: 'pods', services_secondary_range_name: 'services' });
    const subnet = stacks.resource(`${declared.name}-network`, 'google_compute_subnetwork');
    expect(subnet['name']).toBe(cluster['subnetwork']);
  });

  it('has Dataplane V2, and no network policy of the older kind', () => {
    expect(cluster['datapath_provider']).toBe('ADVANCED_DATAPATH');
    expect(cluster['network_policy']).toBeUndefined();
  });

  it('gives pods identities by Workload Identity, and never the machine\'s', () => {
    expect(cluster['workload_identity_config'].workload_pool).toBe(`${declared.project}.svc.id.goog`);
    for (const pool of [...pools, cluster]) expect(pool['node_config'].workload_metadata_config.mode).toBe('GKE_METADATA');
  });

  it('has shielded machines, with secure boot and integrity monitoring, the first pool too', () => {
    expect(cluster['enable_shielded_nodes']).toBe(true);
    for (const pool of [...pools, cluster]) expect(pool['node_config'].shielded_instance_config).toEqual({ enable_secure_boot: true, enable_integrity_monitoring: true });
  });

  it('encrypts Secrets in etcd with a key that its storage stack makes', () => {
    const key = keyIds(declared.name).find((one) => one.endsWith(`-${declared.name}-secrets`));
    expect(cluster['database_encryption']).toEqual({ state: 'ENCRYPTED', key_name: key });
  });

  it('encrypts every boot disk with a key that its storage stack makes', () => {
    const key = keyIds(declared.name).find((one) => one.endsWith(`-${declared.name}-disks`));
    expect(key).toBeDefined();
    for (const pool of [...pools, cluster]) expect(pool['node_config'].boot_disk_kms_key).toBe(key);
  });

  it('is in a release channel, whose window is the fleet\'s', () => {
    expect(cluster['release_channel'].channel).toBe(infrastructure.gcp.releaseChannel);
    const { start_time, end_time, recurrence } = cluster['maintenance_policy'].recurring_window;
    expect(start_time).toContain(`T${infrastructure.maintenance.start}:00Z`);
    expect(Date.parse(end_time) - Date.parse(start_time)).toBe(infrastructure.maintenance.hours * 3600_000);
    expect(recurrence).toBe(`FREQ=WEEKLY;BYDAY=${infrastructure.maintenance.days.join(',')}`);
  });

  it('upgrades no machine and no minor on its own, and nothing at all in the declared spans', () => {
    const [held, ...spans] = cluster['maintenance_policy'].maintenance_exclusion as Attributes[];
    expect(held).toMatchObject({ exclusion_options: { scope: 'NO_MINOR_OR_NODE_UPGRADES' }, start_time: `${infrastructure.gcp.upgradesHeld.from}T00:00:00Z` });
    expect(Date.parse(held!['end_time'])).toBe(Date.parse(infrastructure.gcp.upgradesHeld.until) + 24 * 3600_000);
    expect(spans.map(({ exclusion_name, exclusion_options }) => [exclusion_name, exclusion_options.scope])).toEqual(infrastructure.maintenance.exclusions.map(({ name }) => [name, 'NO_UPGRADES']));
  });

  it('runs images by the project\'s Binary Authorization policy', () => {
    expect(cluster['binary_authorization'].evaluation_mode).toBe('PROJECT_SINGLETON_POLICY_ENFORCE');
  });

  it('sends logs and metrics of system, workloads and control plane to Google', () => {
    expect(cluster['logging_config'].enable_components).toEqual(expect.arrayContaining(['SYSTEM_COMPONENTS', 'WORKLOADS', 'APISERVER']));
    expect(cluster['monitoring_config'].enable_components).toEqual(expect.arrayContaining(['SYSTEM_COMPONENTS', 'APISERVER']));
  });

  it('has no legacy endpoints, certificates, authorization or anonymous access', () => {
    for (const pool of [...pools, cluster]) expect(pool['node_config'].metadata['disable-legacy-endpoints']).toBe('true');
    for (const pool of pools) expect(pool['node_config'].kubelet_config.insecure_kubelet_readonly_port_enabled).toBe('FALSE');
    expect(cluster['enable_legacy_abac']).toBe(false);
    expect(cluster['master_auth'].client_certificate_config.issue_client_certificate).toBe(false);
    expect(cluster['anonymous_authentication_config'].mode).toBe('LIMITED');
    expect(cluster['rbac_binding_config']).toEqual({ enable_insecure_binding_system_authenticated: false, enable_insecure_binding_system_unauthenticated: false });
  });

  it('is protected from deletion', () => {
    expect(cluster['deletion_protection']).toBe(true);
  });

  it('knows people by their groups', () => {
    expect(cluster['authenticator_groups_config'].security_group).toBe(infrastructure.gcp.securityGroup);
  });

  it('has one pool of machines for each pool and zone of the fleet, as large as its nodes need, and a system pool in each zone', () => {
    const wanted = machinePools(declared, stacks.context.demands[declared.name]!).map(({ pool, zone, machines }) => [`${pool}-${zone}`, [zone], machines]);
    const system = declared.zones.map((zone) => [`${SYSTEM_POOL}-${zone}`, [zone], infrastructure.gcp.systemPool.machinesPerZone]);
    expect(pools.map((pool) => [pool['name'], pool['node_locations'], pool['node_count']]).sort()).toEqual([...wanted, ...system].sort());
    for (const pool of pools) {
      expect(pool['autoscaling'], pool['name']).toBeUndefined();
      expect(pool['name'].length).toBeLessThanOrEqual(MAX_NODE_POOL_NAME);
    }
    expect(cluster['cluster_autoscaling'].enabled).toBe(false);
  });

  it('taints and labels staking machines as the fleet declares, and no system machine', () => {
    const effects: Record<string, string> = { NoSchedule: 'NO_SCHEDULE', NoExecute: 'NO_EXECUTE' };
    for (const pool of pools) {
      const of = declared.pools.find(({ name }) => pool['node_config'].labels['stockade.dev/pool'] === name);
      const taints = of?.taints.map(({ key, value, effect }) => ({ key, value, effect: effects[effect] })) ?? [];
      expect(pool['node_config'].taint, pool['name']).toEqual(taints);
      expect(taints.length > 0, pool['name']).toBe(!pool['name'].startsWith(`${SYSTEM_POOL}-`));
    }
  });

  it('upgrades one machine at a time, a new one first', () => {
    for (const pool of pools) expect(pool['upgrade_settings'], pool['name']).toEqual({ strategy: 'SURGE', max_surge: 1, max_unavailable: 0 });
  });

  it('gives machines no version that nobody declared', () => {
    for (const pool of pools) expect(pool['version'], pool['name']).toBeUndefined();
  });

  it('lets public machines pull images and nothing else', () => {
    const accounts = stacks.stack(id).resource!['google_service_account']!;
    expect(accounts['machines-public']!['account_id']).not.toBe(accounts['machines-private']!['account_id']);
    for (const pool of pools) expect(pool['node_config'].service_account, pool['name']).toBe(`\${google_service_account.machines-${exposureOf(pool)}.email}`);
    for (const pool of publicPools) expect(pool['node_config'].oauth_scopes).toEqual(['https://www.googleapis.com/auth/devstorage.read_only']);
    const granted = stacks.all(id).filter(({ attributes }) => attributes['member'] === '${google_service_account.machines-public.member}');
    expect(new Set(granted.map(({ type, attributes }) => `${type} ${attributes['role']}`))).toEqual(new Set(['google_artifact_registry_repository_iam_member roles/artifactregistry.reader']));
  });

  it('grants pulling before the first machine starts', () => {
    expect(cluster['depends_on'].filter((one: string) => one.startsWith('google_artifact_registry_repository_iam_member.'))).toHaveLength(stacks.resources(id, 'google_artifact_registry_repository_iam_member').length);
  });

  it('sets up what a pool promises of its machines, as far as GKE lets it', () => {
    for (const pool of pools) {
      const features = declared.pools.find(({ name }) => pool['name'].startsWith(`${name}-`))?.features ?? [];
      expect(pool['node_config'].linux_node_config?.sysctls, pool['name']).toEqual(features.includes('solana-sysctls') ? SOLANA_SYSCTLS : undefined);
    }
  });

  it('is labelled for cost and owner, its machines too', () => {
    for (const labels of [cluster['resource_labels'], ...pools.map((pool) => pool['node_config'].resource_labels)]) expect(labels).toMatchObject({ ...settings.labels, ...declared.labels });
    expect(stacks.stack(id).provider['google']![0]!['default_labels']).toMatchObject({ ...settings.labels, 'managed-by': 'stockade', stack: id });
  });

  it('tells its issuer, to be recorded', () => {
    expect(stacks.stack(id).output!['oidc_issuer']!.value).toBe(`https://container.googleapis.com/v1/projects/${declared.project}/locations/${declared.region}/clusters/${declared.name}`);
  });
});

it('has what differs between pools in the example, so that the tests above see both', () => {
  const all = gkeClusters(clusters).flatMap(({ pools }) => pools);
  expect(new Set(all.map(({ exposure }) => exposure))).toEqual(new Set(['private', 'public']));
  expect(all.some(({ features }) => features.includes('solana-sysctls'))).toBe(true);
  expect(infrastructure.maintenance.exclusions.length).toBeGreaterThan(0);
});

/** Resource ids of the keys that a cluster's storage stack makes. */
function keyIds(cluster: string): string[] {
  const json = stacks.stack(`${cluster}-storage`).resource!;
  return Object.values(json['google_kms_crypto_key']!).map((key) => {
    const ring = json['google_kms_key_ring']![/google_kms_key_ring\.([^.]+)\.id/.exec(key['key_ring'])![1]!]!;
    return `projects/${ring['project']}/locations/${ring['location']}/keyRings/${ring['name']}/cryptoKeys/${key['name']}`;
  });
}
