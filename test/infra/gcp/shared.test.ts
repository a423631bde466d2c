import { describe, expect, it } from 'vitest';
import { gcpProjects, gkeClusters } from '../../../infra/context/gcp';
import { diskKeyName, keyRingName, SYSTEM_NAMESPACE } from '../../../naming';
import { SERVICE_IDENTITIES } from '../../../naming/clouds';
import { stackWarnings } from '../../../infra/stacks/warnings';
import { exampleStacks, synthesize, type Attributes, type SynthesizedStacks } from '../stacks';

const stacks = exampleStacks();
const { infrastructure, clusters, settings } = stacks.context.fleet;
const gcpStacks = stacks.stacks.filter(({ cloud }) => cloud === 'gcp').map(({ id }) => id);

describe('every stack on Google Cloud', () => {
  it.each(gcpStacks)('%s keeps its state in the bucket, under its own name', (id) => {
    expect(stacks.stack(id).terraform.backend).toEqual({ gcs: { bucket: infrastructure.state.gcp.bucket, prefix: `stacks/${id}` } });
  });

  it.each(gcpStacks)('%s pins its providers', (id) => {
    for (const [name, { version }] of Object.entries(stacks.stack(id).terraform.required_providers)) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it.each(gcpStacks)('%s grants no wildcard, no primitive role and nothing to everybody', (id) => {
    const text = stacks.text(id);
    expect(text).not.toMatch(/"roles\/(owner|editor|viewer)"/);
    expect(text).not.toMatch(/allUsers|allAuthenticatedUsers/);
    for (const role of stacks.resources(id, 'google_project_iam_custom_role')) for (const permission of role['permissions'] as string[]) expect(permission).toMatch(/^[a-zA-Z]+(\.[a-zA-Z]+){2,}$/);
  });

  it.each(gcpStacks)('%s makes no key of a service account', (id) => {
    expect(stacks.resources(id, 'google_service_account_key')).toEqual([]);
  });

  it.each(gcpStacks)('%s rotates its keys, and has them outlive any plan', (id) => {
    for (const key of stacks.resources(id, 'google_kms_crypto_key')) expect(key, key['name']).toMatchObject({ rotation_period: '7776000s', destroy_scheduled_duration: '2592000s', lifecycle: { prevent_destroy: true } });
    for (const ring of stacks.resources(id, 'google_kms_key_ring')) expect(ring['lifecycle']).toEqual({ prevent_destroy: true });
  });

  it.each(gcpStacks)('%s has buckets that are encrypted with a key of ours, versioned, private and kept', (id) => {
    for (const bucket of stacks.resources(id, 'google_storage_bucket')) {
      expect(bucket).toMatchObject({ uniform_bucket_level_access: true, public_access_prevention: 'enforced', versioning: { enabled: true }, force_destroy: false, lifecycle: { prevent_destroy: true } });
      expect(bucket['encryption'].default_kms_key_name).toMatch(/^\$\{google_kms_crypto_key\./);
    }
  });

  it('makes the two buckets and the keys that the tests above look at', () => {
    expect(gcpStacks.flatMap((id) => stacks.resources(id, 'google_storage_bucket').map(({ name }) => name)).sort()).toEqual(['example-staking-snapshots-gcp', infrastructure.state.gcp.bucket].sort());
    expect(gcpStacks.flatMap((id) => stacks.resources(id, 'google_kms_crypto_key')).length).toBeGreaterThan(8);
  });
});

describe('gcp-foundation', () => {
  it('refuses every image but those of the mirror and the declared registries', () => {
    for (const policy of stacks.resources('gcp-foundation', 'google_binary_authorization_policy')) {
      expect(policy['default_admission_rule']).toEqual({ evaluation_mode: 'ALWAYS_DENY', enforcement_mode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' });
      const patterns = (policy['admission_whitelist_patterns'] as Attributes[]).map(({ name_pattern }) => name_pattern as string);
      expect(patterns.filter((pattern) => !pattern.includes('-docker.pkg.dev/'))).toEqual(settings.registries.map((prefix) => `${prefix}/**`));
      for (const pattern of patterns) expect(pattern).toMatch(/^[^*]+\/\*\*$/);
    }
    expect(stacks.resources('gcp-foundation', 'google_binary_authorization_policy').map(({ project }) => project)).toEqual(gcpProjects(stacks.context));
  });

  it('mirrors every host that the fleet or an add-on pulls from, encrypted', () => {
    const repositories = stacks.resources('gcp-foundation', 'google_artifact_registry_repository');
    const hosts = repositories.map(({ description }) => (description as string).replace('Mirror of ', ''));
    for (const host of [...settings.registries.map((prefix) => prefix.split('/')[0]), 'docker.io', 'quay.io', 'registry.k8s.io']) expect(hosts).toContain(host);
    for (const repository of repositories) expect(repository).toMatchObject({ mode: 'REMOTE_REPOSITORY', kms_key_name: expect.stringContaining('google_kms_crypto_key') });
    const granted = gkeClusters(clusters).map(({ name }) => stacks.resources(`${name}-cluster`, 'google_artifact_registry_repository_iam_member').map(({ repository }) => repository as string));
    for (const names of granted) expect([...new Set(names)].sort()).toEqual(repositories.map(({ repository_id }) => repository_id as string).sort());
  });

  it('lets people connect, and do nothing else', () => {
    const role = stacks.resource('gcp-foundation', 'google_project_iam_custom_role');
    expect(role['permissions']).toEqual(['container.clusters.connect', 'container.clusters.get', 'container.clusters.list']);
    const members = stacks.resources('gcp-foundation', 'google_project_iam_member');
    expect(members.map(({ member }) => member as string).sort()).toEqual([...new Set(Object.values(settings.access).flatMap(({ gcp }) => gcp.map((group) => `group:${group}`)))].sort());
    for (const member of members) expect(member['role']).toMatch(/^\$\{google_project_iam_custom_role\.connect-.+\.name\}$/);
  });
});

describe('storage of each GKE cluster', () => {
  it.each(gkeClusters(clusters))('$name has the key that its StorageClasses name', ({ name, project, region }) => {
    const id = `${name}-storage`;
    const ring = stacks.resource(id, 'google_kms_key_ring');
    expect(ring).toMatchObject({ name: keyRingName(name), project, location: region });
    const users = (key: string): string[] => stacks.resources(id, 'google_kms_crypto_key_iam_member').filter(({ crypto_key_id }) => (crypto_key_id as string).includes(`keys-${key}.`)).map(({ member }) => member as string);
    expect(users(diskKeyName(name))).toEqual([expect.stringMatching(/@compute-system\.iam\.gserviceaccount\.com$/)]);
    expect(users(`stockade-${name}-secrets`)).toEqual([expect.stringMatching(/@container-engine-robot\.iam\.gserviceaccount\.com$/)]);
  });
});

describe('gcp-snapshots', () => {
  const bucket = stacks.resource('gcp-snapshots', 'google_storage_bucket');

  it('lets each snapshot be locked until its day, and brings back what was deleted all the same', () => {
    expect(bucket['enable_object_retention']).toBe(true);
    expect(bucket['soft_delete_policy'].retention_duration_seconds).toBe(infrastructure.snapshots.retentionDays * 86_400);
  });

  it('deletes what is older than the fleet keeps, and nothing younger', () => {
    const deletes = (bucket['lifecycle_rule'] as Attributes[]).filter(({ action }) => action.type === 'Delete').map(({ condition }) => condition as Attributes);
    expect(deletes).toEqual([
      { age: infrastructure.snapshots.keepDays, with_state: 'LIVE' },
      { days_since_noncurrent_time: infrastructure.snapshots.retentionDays, with_state: 'ARCHIVED' },
    ]);
  });

  it('has its key where the bucket is', () => {
    expect(stacks.resource('gcp-snapshots', 'google_kms_key_ring')['location']).toBe((bucket['location'] as string).toLowerCase());
  });
});

describe('gcp-secret-manager', () => {
  const id = 'gcp-secret-manager';
  const database = stacks.resource(id, 'google_sql_database_instance');

  it('is highly available PostgreSQL in the home region', () => {
    expect(database).toMatchObject({ region: infrastructure.home.region, database_version: `POSTGRES_${infrastructure.home.database.version}` });
    expect(database['settings'].availability_type).toBe('REGIONAL');
  });

  it('is private: no address, and endpoints in the home region\'s networks alone', () => {
    const { ipv4_enabled, private_network, authorized_networks, psc_config } = database['settings'].ip_configuration;
    expect(ipv4_enabled).toBe(false);
    expect([private_network, authorized_networks]).toEqual([undefined, undefined]);
    expect(psc_config).toEqual([{ psc_enabled: true, allowed_consumer_projects: gcpProjects(stacks.context) }]);
    const homes = gkeClusters(clusters).filter(({ region }) => region === infrastructure.home.region);
    const endpoints = stacks.resources(id, 'google_compute_forwarding_rule').map(({ network }) => network as string);
    expect(homes.length).toBeGreaterThan(0);
    expect(endpoints.map((network) => network.split('/').at(-1)).sort()).toEqual(['stockade-management', ...homes.map(({ name }) => `stockade-${name}`)].sort());
    for (const address of stacks.resources(id, 'google_compute_address')) expect(address['address_type']).toBe('INTERNAL');
  });

  it('is encrypted with a key of ours, on its disks and on the way', () => {
    expect(database['encryption_key_name']).toMatch(/^\$\{google_kms_crypto_key\.database-/);
    expect(database['settings'].ip_configuration.ssl_mode).toBe('ENCRYPTED_ONLY');
  });

  it('is recovered to any point of a week, and from daily copies', () => {
    expect(database['settings'].backup_configuration).toMatchObject({ enabled: true, point_in_time_recovery_enabled: true, transaction_log_retention_days: 7, backup_retention_settings: { retained_backups: infrastructure.home.database.backupDays } });
  });

  it('is protected from deletion, by Terraform and by the cloud', () => {
    expect(database['deletion_protection']).toBe(true);
    expect(database['settings'].deletion_protection_enabled).toBe(true);
    expect(database['lifecycle'].prevent_destroy).toBe(true);
  });

  it('takes IAM identities, and no password of ours is anywhere', () => {
    expect(database['settings'].database_flags).toContainEqual({ name: 'cloudsql.iam_authentication', value: 'on' });
    const user = stacks.resource('gcp-identities', 'google_sql_user');
    expect(user).toMatchObject({ type: 'CLOUD_IAM_SERVICE_ACCOUNT', name: `stockade-secret-manager@${infrastructure.gcp.project}.iam` });
    for (const of of [database, user]) expect(Object.keys(of).filter((key) => /password/.test(key))).toEqual([]);
  });

  it('has its envelope key in hardware, used by the secret manager alone', () => {
    const key = stacks.resources(id, 'google_kms_crypto_key').find(({ name }) => name === 'stockade-secret-manager-envelope')!;
    expect(key['version_template'].protection_level).toBe('HSM');
    expect(stacks.resources(id, 'google_kms_crypto_key_iam_member').filter(({ crypto_key_id }) => (crypto_key_id as string).includes('envelope'))).toEqual([]);
    expect(stacks.resource('gcp-identities', 'google_kms_crypto_key_iam_member')).toMatchObject({ member: '${google_service_account.secret-manager.member}' });
  });

  it('is nowhere where the home is in the other cloud', () => {
    const elsewhere = synthesize((context) => ({ ...context, fleet: { ...context.fleet, infrastructure: { ...infrastructure, home: { ...infrastructure.home, cloud: 'aws', region: 'eu-central-1' } } } }));
    expect(elsewhere.stacks.map((stack) => stack.id)).not.toContain(id);
    expect(elsewhere.resources('gcp-identities', 'google_sql_user')).toEqual([]);
  });
});

describe('gcp-identities', () => {
  const bindings = (of: SynthesizedStacks): string[] => of.resources('gcp-identities', 'google_service_account_iam_member').map(({ role, member }) => `${role} ${member}`).sort();
  const issuer = 'https://oidc.eks.us-east-2.amazonaws.com/id/00000000000000000000000000000001';
  const recorded = synthesize((context) => ({ ...context, fleet: { ...context.fleet, observed: { ...context.fleet.observed, 'eks-us-east-2': { ...context.fleet.observed['eks-us-east-2']!, oidcIssuer: issuer } } } }));

  it('takes a pod on GKE for its service account by its namespace and name', () => {
    expect(bindings(stacks)).toEqual(SERVICE_IDENTITIES.map((identity) => `roles/iam.workloadIdentityUser serviceAccount:${infrastructure.gcp.project}.svc.id.goog[${SYSTEM_NAMESPACE}/${identity}]`).sort());
  });

  it('takes a pod on EKS by the token of its cluster, once its issuer is recorded', () => {
    const provider = recorded.resource('gcp-identities', 'google_iam_workload_identity_pool_provider');
    expect(provider['oidc']).toEqual({ issuer_uri: issuer, allowed_audiences: ['stockade-google-cloud'] });
    expect(provider['attribute_mapping']).toEqual({ 'google.subject': "'eks-us-east-2/' + assertion['kubernetes.io'].namespace + '/' + assertion['kubernetes.io'].serviceaccount.name" });
    // The secret manager runs in the home region alone, so elsewhere nobody is taken for it.
    expect(provider['attribute_condition']).toBe("assertion['kubernetes.io'].namespace == 'stockade-system' && assertion['kubernetes.io'].serviceaccount.name in ['snapshot-writer', 'snapshot-reader']");
    const added = bindings(recorded).filter((binding) => !bindings(stacks).includes(binding));
    expect(added.map((binding) => binding.split('/subject/')[1])).toEqual(['eks-us-east-2/stockade-system/snapshot-reader', 'eks-us-east-2/stockade-system/snapshot-writer']);
  });

  it('leaves an EKS cluster out whose issuer nobody recorded, and says which file lacks it and what to do', () => {
    expect(stacks.resources('gcp-identities', 'google_iam_workload_identity_pool_provider')).toEqual([]);
    const missing = (of: SynthesizedStacks): string[] => stackWarnings(of.context, 'fleet').filter((text) => text.includes('[missing-oidc-issuer]'));
    expect(missing(stacks)).toHaveLength(4);
    expect(missing(stacks)[0]).toContain('fleet/observed/eks-ap-southeast-1.yaml: warning:');
    expect(missing(stacks)[0]).toContain('npm run record -- --cluster eks-ap-southeast-1');
    expect(missing(recorded).map((text) => text.split(':')[0])).not.toContain('fleet/observed/eks-us-east-2.yaml');
  });

  it('lets the writer of snapshots overwrite and delete nothing, and the reader write nothing', () => {
    const roles = Object.fromEntries(stacks.resources('gcp-identities', 'google_project_iam_custom_role').map((role) => [role['role_id'], role['permissions'] as string[]]));
    for (const role of ['stockadeSnapshotWriter', 'stockadeSnapshotReader']) expect((roles[role] as string[]).filter((permission) => /\.(delete|update|overrideUnlockedRetention)$/.test(permission))).toEqual([]);
    expect(roles['stockadeSnapshotReader']).toEqual(['storage.objects.get', 'storage.objects.list']);
  });
});

describe('gcp-bootstrap and gcp-management', () => {
  it('keeps old states', () => {
    expect(stacks.resource('gcp-bootstrap', 'google_storage_bucket')['soft_delete_policy'].retention_duration_seconds).toBeGreaterThanOrEqual(30 * 86_400);
  });

  it('lets nothing into the management network, which leaves by a fixed address', () => {
    expect(stacks.resources('gcp-management', 'google_compute_firewall')).toEqual([]);
    expect(stacks.resource('gcp-management', 'google_compute_router_nat')).toMatchObject({ nat_ip_allocate_option: 'MANUAL_ONLY', nat_ips: [expect.stringContaining('google_compute_address')] });
    expect(stacks.resource('gcp-management', 'google_compute_subnetwork')['ip_cidr_range']).toBe(infrastructure.gcp.management.range);
  });
});

it('says which promises of a GKE pool Terraform can not keep', () => {
  const found = stackWarnings(stacks.context, 'fleet').filter((text) => text.includes('[machine-feature-by-hand]'));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^fleet\/clusters\/gke-us-east4\.yaml: warning: pool "solana" promises memlock-2g and io-uring/);
});

it('says where Gatekeeper has too few machines to run on', () => {
  const narrow = stackWarnings({ ...stacks.context, fleet: { ...stacks.context.fleet, clusters: { ...clusters, 'gke-us-east4': { ...clusters['gke-us-east4']!, zones: ['us-east4-a'] } } } }, 'fleet');
  expect(stackWarnings(stacks.context, 'fleet').filter((text) => text.includes('[too-few-system-machines]'))).toEqual([]);
  expect(narrow.filter((text) => text.includes('[too-few-system-machines]'))).toEqual([expect.stringContaining('cluster "gke-us-east4" has 1 system machines, and Gatekeeper needs 3')]);
});
