import { WITHOUT_RESOURCE } from '../../../infra/aws/terraform-permissions';
import { describe, expect, it } from 'vitest';
import { CLUSTER_STACKS, clusterStackName, federatedRoleName, gkeIssuer, machineRoleName, MANAGEMENT_GATEWAY, serviceIdentityName, SNAPSHOTS_KEY_NAME, snapshotsBucketName, STATE_KEY_NAME } from '../../../naming/clouds';
import { SYSTEM_NAMESPACE } from '../../../naming';
import { stacksAtHomeOnAmazon, type Attributes } from '../stacks';
import { AWS_STACKS, EKS, eksOf, list, policiesOf, roleOf, stacks, statements, type Statement } from './clusters';

const { clusters, infrastructure, settings } = stacks.context.fleet;
const { account } = infrastructure.aws;
const GKE = Object.values(clusters).flatMap((cluster) => (cluster.cloud === 'gcp' ? [cluster] : []));

/** The same fleet, at home on Amazon. */
const atHome = stacksAtHomeOnAmazon();
const EVERY = [...AWS_STACKS.map(({ id }) => ({ id, of: stacks })), ...atHome.stacks.filter(({ cloud, cluster }) => cloud === 'aws' && cluster === undefined).map(({ id }) => ({ id: id, of: atHome }))];

describe.each(EVERY)('Amazon stack $id', ({ id, of }) => {
  const policies = policiesOf(of, id);

  it('allows nothing by `*`, and reading alone on everything', () => {
    for (const { name, type, attribute, statements: all } of policies) {
      for (const { Action, Resource, Effect, Condition } of all.filter((one) => one.Effect === 'Allow')) {
        expect(Effect).toBe('Allow');
        for (const action of list(Action)) expect(action, name).not.toMatch(/\*/);
        // In a key's own policy `*` is that key.
        if (attribute === 'policy' && type !== 'aws_kms_key' && list(Resource).includes('*')) {
          // Where IAM knows no resource, the fleet's regions bound what is done.
          const bounded = Condition?.['StringEquals']?.['aws:RequestedRegion'] !== undefined;
          for (const action of list(Action).filter((one) => !(bounded && WITHOUT_RESOURCE.has(one)))) expect(action, name).toMatch(/:(Describe|Get|List)|^ssmmessages:(Create|Open)(Control|Data)Channel$/);
        }
      }
    }
  });

  it('lets nobody in from outside the account without saying who', () => {
    for (const { name, statements: all } of policies) {
      for (const { Principal, Effect, Condition } of all.filter((one) => one.Principal !== undefined)) {
        if (Effect === 'Deny') continue;
        expect(Principal, name).not.toBe('*');
        const { AWS, Federated } = Principal as { AWS?: string; Federated?: string };
        // A reference is to a role of the same stack.
        if (AWS !== undefined) expect(AWS, name).toMatch(new RegExp(`^arn:aws:iam::${account}:(root|role/)|^TOKEN$`));
        if (Federated !== undefined) expect(Object.keys(Condition!['StringEquals']!).map((key) => key.split(':').at(-1)), name).toEqual(expect.arrayContaining(['aud', 'sub']));
      }
    }
  });

  it('makes no access key and no user', () => {
    expect(of.all(id).map(({ type }) => type).filter((type) => /^aws_iam_(user|access_key)/.test(type))).toEqual([]);
  });

  it('rotates its keys, names them by an alias, and destroys none', () => {
    const keys = of.resources(id, 'aws_kms_key');
    for (const key of keys) expect(key).toMatchObject({ enable_key_rotation: true, deletion_window_in_days: 30, lifecycle: { prevent_destroy: true } });
    expect(of.resources(id, 'aws_kms_alias')).toHaveLength(keys.length);
  });

  it('gives whoever keeps a key no use of it', () => {
    for (const key of of.resources(id, 'aws_kms_key')) {
      const keep = statements(key['policy'] as string).find(({ Sid }) => Sid === 'Keep')!;
      expect(list(keep.Action).filter((action) => /Decrypt|Encrypt|GenerateDataKey|CreateGrant/.test(action))).toEqual([]);
      for (const use of statements(key['policy'] as string).filter(({ Sid }) => Sid !== 'Keep')) {
        const service = (use.Principal as { Service?: string; AWS?: string }).AWS?.includes('aws-service-role');
        if (service !== true) expect(use.Condition, use.Sid).toBeDefined();
      }
    }
  });

  it('tags everything for cost and owner', () => {
    const { cluster } = of.stacks.find((one) => one.id === id)!;
    const [aws] = of.stack(id).provider['aws']!;
    const labels = cluster === undefined ? {} : of.context.fleet.clusters[cluster]!.labels;
    expect((aws!['default_tags'] as [{ tags: object }])[0].tags).toEqual({ ...settings.labels, ...labels, 'managed-by': 'stockade', stack: id });
    expect(aws!['allowed_account_ids']).toEqual([account]);
  });

  it('keeps its state encrypted, with a lock, and reads no other', () => {
    const { s3 } = of.stack(id).terraform.backend;
    expect(s3).toMatchObject({ bucket: infrastructure.state.aws.bucket, encrypt: true, use_lockfile: true, kms_key_id: `arn:aws:kms:${infrastructure.state.aws.region}:${infrastructure.state.aws.account}:alias/${STATE_KEY_NAME}`, key: `stacks/${id}.tfstate` });
    expect(of.stack(id).data ?? {}).not.toHaveProperty('terraform_remote_state');
    expect(of.text(id)).not.toContain('terraform_remote_state');
  });

  it('refers to nothing that it doesn\'t have', () => {
    const json = of.stack(id);
    const named = new Set([...Object.entries(json.resource ?? {}).flatMap(([type, all]) => Object.keys(all).map((name) => `${type}.${name}`)), ...Object.entries(json.data ?? {}).flatMap(([type, all]) => Object.keys(all).map((name) => `data.${type}.${name}`))]);
    const references = [...of.text(id).matchAll(/\$\{[^}]*?((?:data\.)?aws_[a-z0-9_]+\.[A-Za-z0-9_-]+)/g)].map(([, reference]) => reference!);
    for (const reference of references) expect(named, reference).toContain(reference);
  });
});

describe('what one stack looks for', () => {
  /** Names that a cloud's stacks give, by type: what data sources may ask for. */
  const given = (of: typeof stacks): Set<string> =>
    new Set(of.stacks.filter(({ cloud }) => cloud === 'aws').flatMap(({ id }) =>
      of.all(id).flatMap(({ type, attributes }) => [attributes['tags']?.Name, attributes['name'], attributes['identifier'], type === 'aws_eks_cluster' ? attributes['name'] : undefined].filter((name) => typeof name === 'string').map((name) => `${type}/${String(name)}`)),
    ));
  it.each([{ what: 'at home on Google Cloud', of: stacks }, { what: 'at home on Amazon', of: atHome }])('another one makes under that name, $what', ({ of }) => {
    const names = given(of);
    let asked = 0;
    for (const { id } of of.stacks.filter(({ cloud }) => cloud === 'aws')) {
      for (const [type, all] of Object.entries(of.stack(id).data ?? {})) {
        for (const one of type.startsWith('aws_') ? Object.values(all) : []) {
          const name = (one['tags']?.Name ?? one['name'] ?? one['db_instance_identifier']) as string;
          expect(names, `${type} of ${id}`).toContain(`${type}/${name}`);
          asked += 1;
        }
      }
    }
    expect(asked).toBeGreaterThan(EKS.length * 10);
  });
});

describe('the bootstrap stack', () => {
  const id = 'aws-bootstrap';
  const { bucket } = infrastructure.state.aws;

  it('makes a state bucket that is versioned, encrypted under its own key, closed to the public and reached by TLS only', () => {
    bucketHolds(id, bucket, STATE_KEY_NAME);
    expect(stacks.resource(id, 'aws_s3_bucket')['object_lock_enabled']).toBeUndefined();
  });

  it('has no table of locks, and gives the key through S3 only', () => {
    expect(stacks.resources(id, 'aws_dynamodb_table')).toEqual([]);
    const use = statements(stacks.resource(id, 'aws_kms_key')['policy'] as string).find(({ Sid }) => Sid === 'UseThroughS3')!;
    expect(use.Condition).toEqual({ StringEquals: { 'kms:ViaService': `s3.${infrastructure.state.aws.region}.amazonaws.com`, 'kms:CallerAccount': account } });
  });
});

describe('the foundation', () => {
  const id = 'aws-foundation';
  const regions = [...new Set([...EKS.map(({ region }) => region), infrastructure.aws.region, infrastructure.aws.snapshotsRegion, infrastructure.aws.management.region])].sort();

  it('encrypts disks by default, and asks machines\' metadata for a session, in every region', () => {
    expect(stacks.resources(id, 'aws_ebs_encryption_by_default').map((one) => [one['region'], one['enabled']])).toEqual(regions.map((region) => [region, true]));
    expect(stacks.resources(id, 'aws_ec2_instance_metadata_defaults').map((one) => [one['region'], one['http_tokens'], one['http_put_response_hop_limit']])).toEqual(regions.map((region) => [region, 'required', 1]));
    expect(stacks.resources(id, 'aws_ebs_snapshot_block_public_access').map((one) => [one['region'], one['state']])).toEqual(regions.map((region) => [region, 'block-all-sharing']));
  });

  it('closes every bucket of the account to the public', () => {
    expect(stacks.resource(id, 'aws_s3_account_public_access_block')).toMatchObject({ account_id: account, block_public_acls: true, block_public_policy: true, ignore_public_acls: true, restrict_public_buckets: true });
  });

  it('makes the role that keys of disks trust, before any key', () => {
    expect(stacks.resources(id, 'aws_iam_service_linked_role').map((one) => one['aws_service_name'])).toContain('autoscaling.amazonaws.com');
    const order = (stack: string): number => stacks.stacks.find((one) => one.id === stack)!.order;
    for (const { name } of EKS) expect(order(id)).toBeLessThan(order(`${name}-storage`));
  });

  it('mirrors the public registry of the load balancer controller beside each cluster', () => {
    expect(stacks.resources(id, 'aws_ecr_pull_through_cache_rule').map((one) => [one['region'], one['upstream_registry_url'], one['ecr_repository_prefix']])).toEqual([...new Set(EKS.map(({ region }) => region))].sort().map((region) => [region, 'public.ecr.aws', 'public-ecr']));
    for (const { name } of EKS) {
      const fills = (exposure: 'private' | 'public') => roleOf(stacks, `${name}-cluster`, machineRoleName(name, exposure)).allows.some(({ Action }) => list(Action).includes('ecr:BatchImportUpstreamImage'));
      expect([fills('private'), fills('public')]).toEqual([true, false]);
    }
  });
});

describe('the management network', () => {
  const id = 'aws-management';

  it('is private, over its declared zones, with flow logs', () => {
    expect(stacks.resource(id, 'aws_vpc')['cidr_block']).toBe(infrastructure.aws.management.range);
    expect(stacks.resources(id, 'aws_subnet').map((one) => one['availability_zone']).sort()).toEqual([...infrastructure.aws.management.zones, ...infrastructure.aws.management.zones].sort());
    for (const subnet of stacks.resources(id, 'aws_subnet')) expect(subnet['map_public_ip_on_launch']).toBe(false);
    expect(stacks.resource(id, 'aws_flow_log')['traffic_type']).toBe('ALL');
  });

  it('has a gateway to control planes alone, which nothing reaches but a session that IAM allows', () => {
    expect(stacks.resources(id, 'aws_vpc_security_group_ingress_rule')).toEqual([]);
    const template = stacks.resource(id, 'aws_launch_template');
    expect(template['metadata_options']).toMatchObject({ http_tokens: 'required', http_put_response_hop_limit: 1 });
    expect(template['network_interfaces']).toMatchObject([{ associate_public_ip_address: 'false' }]);
    const script = Buffer.from(template['user_data'] as string, 'base64').toString();
    expect(script).toContain('http_port 127.0.0.1:3128');
    expect(script).toContain('acl control_planes dstdomain .eks.amazonaws.com');
    expect(script.trimEnd().split('\n').filter((line) => line.startsWith('http_access'))).toEqual(['http_access allow tunnel control_planes kubernetes', 'http_access deny all']);
    expect(roleOf(stacks, id, MANAGEMENT_GATEWAY).allows.flatMap(({ Action }) => list(Action)).filter((action) => !action.startsWith('ssm'))).toEqual([]);
  });
});

describe('the snapshots bucket', () => {
  const id = 'aws-snapshots';
  const name = snapshotsBucketName(infrastructure.snapshots.bucketPrefix, 'aws');

  it('is versioned, encrypted under its own key, closed to the public and reached by TLS only', () => bucketHolds(id, name, SNAPSHOTS_KEY_NAME));

  it('lets nobody delete or overwrite a snapshot until its retention is over', () => {
    expect(stacks.resource(id, 'aws_s3_bucket')['object_lock_enabled']).toBe(true);
    expect(stacks.resource(id, 'aws_s3_bucket_object_lock_configuration')).toMatchObject({ object_lock_enabled: 'Enabled', rule: { default_retention: { mode: 'COMPLIANCE', days: infrastructure.snapshots.retentionDays } } });
  });

  it('deletes what is old by itself', () => {
    const [rule] = stacks.resource(id, 'aws_s3_bucket_lifecycle_configuration')['rule'] as [Attributes];
    expect(rule).toMatchObject({ status: 'Enabled', expiration: [{ days: infrastructure.snapshots.keepDays }] });
    expect(rule['noncurrent_version_expiration']).toBeDefined();
  });
});

function bucketHolds(id: string, name: string, key: string): void {
  expect(stacks.resource(id, 'aws_s3_bucket')).toMatchObject({ bucket: name, force_destroy: false, lifecycle: { prevent_destroy: true } });
  expect(stacks.resource(id, 'aws_s3_bucket_versioning')['versioning_configuration']).toEqual({ status: 'Enabled' });
  expect(stacks.resource(id, 'aws_kms_alias')['name']).toBe(`alias/${key}`);
  const [rule] = stacks.resource(id, 'aws_s3_bucket_server_side_encryption_configuration')['rule'] as [Attributes];
  expect(rule['apply_server_side_encryption_by_default']).toEqual({ sse_algorithm: 'aws:kms', kms_master_key_id: expect.stringMatching(/^\$\{aws_kms_key\./) });
  expect(stacks.resource(id, 'aws_s3_bucket_public_access_block')).toMatchObject({ block_public_acls: true, block_public_policy: true, ignore_public_acls: true, restrict_public_buckets: true });
  expect(stacks.resource(id, 'aws_s3_bucket_ownership_controls')['rule']).toEqual({ object_ownership: 'BucketOwnerEnforced' });
  const deny = statements(stacks.resource(id, 'aws_s3_bucket_policy')['policy'] as string).find(({ Sid }) => Sid === 'TlsOnly')!;
  expect(deny).toEqual({ Sid: 'TlsOnly', Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`], Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
}

describe('identities on Amazon', () => {
  const id = 'aws-identities';
  const actionsOf = (allows: readonly Statement[]): readonly string[] => allows.flatMap(({ Action }) => list(Action));

  it.each(['snapshot-writer', 'snapshot-reader'] as const)('give %s of every EKS cluster its role by pod identity, to exactly one service account', (identity) => {
    const { trust } = roleOf(stacks, id, serviceIdentityName(identity));
    expect(trust).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'pods.eks.amazonaws.com' },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        Condition: {
          StringEquals: { 'aws:SourceAccount': account, 'aws:RequestTag/kubernetes-namespace': SYSTEM_NAMESPACE, 'aws:RequestTag/kubernetes-service-account': identity },
          ArnEquals: { 'aws:SourceArn': EKS.map(({ region, name }) => `arn:aws:eks:${region}:${account}:cluster/${name}`) },
        },
      },
    ]);
    const associations = stacks.resources(id, 'aws_eks_pod_identity_association').filter((one) => one['service_account'] === identity);
    expect(associations.map((one) => [one['cluster_name'], one['region'], one['namespace']])).toEqual(EKS.map(({ name, region }) => [name, region, SYSTEM_NAMESPACE]));
  });

  it.each(['snapshot-writer', 'snapshot-reader'] as const)('trust every GKE cluster\'s issuer for %s, by exact subject and audience', (identity) => {
    expect(GKE.length).toBeGreaterThan(1);
    for (const { name, project, region } of GKE) {
      const issuer = gkeIssuer(project, region, name);
      expect(stacks.resources(id, 'aws_iam_openid_connect_provider').map((one) => one['url'])).toContain(issuer);
      const host = issuer.replace('https://', '');
      const { trust } = roleOf(stacks, id, federatedRoleName(identity, name));
      expect(trust).toHaveLength(1);
      expect(trust[0]).toMatchObject({ Action: 'sts:AssumeRoleWithWebIdentity', Condition: { StringEquals: { [`${host}:aud`]: 'sts.amazonaws.com', [`${host}:sub`]: `system:serviceaccount:${SYSTEM_NAMESPACE}:${identity}` } } });
    }
  });

  it('are roles whose trust IAM takes', () => {
    for (const of of [stacks, atHome]) {
      for (const role of of.resources(id, 'aws_iam_role')) {
        expect((role['assume_role_policy'] as string).length, role['name'] as string).toBeLessThan(2048);
        expect((role['name'] as string).length).toBeLessThanOrEqual(64);
      }
    }
    for (const { name } of eksOf(stacks)) for (const kind of CLUSTER_STACKS) for (const role of stacks.resources(clusterStackName(name, kind), 'aws_iam_role')) expect((role['name'] as string).length).toBeLessThanOrEqual(64);
  });

  it('let a writer add and never delete, and a reader read', () => {
    const writer = actionsOf(roleOf(stacks, id, serviceIdentityName('snapshot-writer')).allows);
    const reader = actionsOf(roleOf(stacks, id, serviceIdentityName('snapshot-reader')).allows);
    expect(writer).toContain('s3:PutObject');
    expect(writer.filter((action) => /Delete|Retention|LegalHold|GetObject/.test(action))).toEqual([]);
    expect(reader).toContain('s3:GetObject');
    expect(reader.filter((action) => /Put|Delete|Encrypt|GenerateDataKey/.test(action))).toEqual([]);
  });

  it('are trusted by the key of snapshots, those and no others', () => {
    const uses = statements(stacks.resource('aws-snapshots', 'aws_kms_key')['policy'] as string);
    const roles = (sid: string) => (uses.find(({ Sid }) => Sid === sid)!.Condition!['ArnEquals']! as { 'aws:PrincipalArn': string[] })['aws:PrincipalArn'].map((arn) => arn.split('/').at(-1)!);
    const made = stacks.resources(id, 'aws_iam_role').map((one) => one['name'] as string);
    expect([...roles('Write'), ...roles('Read')].sort()).toEqual([...made].sort());
  });

  it('give the secret manager a role beside its database alone', () => {
    expect(stacks.resources(id, 'aws_iam_role').map((one) => one['name'])).not.toContain(serviceIdentityName('secret-manager'));
    const { allows } = roleOf(atHome, id, serviceIdentityName('secret-manager'));
    expect(actionsOf(allows)).toEqual(['rds-db:connect', 'kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey']);
    const associations = atHome.resources(id, 'aws_eks_pod_identity_association').filter((one) => one['service_account'] === 'secret-manager');
    expect(associations.map((one) => one['region'])).toEqual(['eu-central-1']);
  });
});

describe('a fleet at home on Amazon', () => {
  const id = 'aws-secret-manager';
  const database = atHome.resource(id, 'aws_db_instance');

  it('has the secret manager\'s database there, and none elsewhere', () => {
    expect(atHome.stacks.map((one) => one.id)).not.toContain('gcp-secret-manager');
    expect(stacks.stacks.map((one) => one.id)).not.toContain(id);
    expect(database).toMatchObject({ engine: 'postgres', engine_version: '17', instance_class: 'db.m7g.large' });
  });

  it('is highly available', () => expect(database['multi_az']).toBe(true));

  it('is private: in its own range of the management network, for clusters of the home region', () => {
    expect(database['publicly_accessible']).toBe(false);
    const subnets = atHome.resources('aws-management', 'aws_subnet').filter((one) => (one['tags'] as { Name: string }).Name.startsWith('stockade-secret-manager-'));
    expect(subnets.map((one) => one['cidr_block'])).toEqual(['10.251.16.0/27', '10.251.16.32/27']);
    expect(atHome.resource('aws-management', 'aws_vpc_ipv4_cidr_block_association')['cidr_block']).toBe('10.251.16.0/24');
    const rules = atHome.resources(id, 'aws_vpc_security_group_ingress_rule');
    const near = EKS.filter(({ region }) => region === 'eu-central-1');
    expect(near.length).toBeGreaterThan(0);
    expect(rules.map((rule) => [rule['cidr_ipv4'], rule['from_port'], rule['to_port'], rule['ip_protocol']])).toEqual(near.map(({ ranges }) => [ranges.machines, 5432, 5432, 'tcp']));
    for (const { name, region, zones } of EKS) {
      const routes = atHome.resources(`${name}-network`, 'aws_route').filter((route) => route['destination_cidr_block'] === '10.251.16.0/24');
      expect(routes, name).toHaveLength(region === 'eu-central-1' ? zones.length : 0);
    }
  });

  it('encrypts disks, backups and the owner\'s password under a key of its own', () => {
    expect(database['storage_encrypted']).toBe(true);
    expect(database['kms_key_id']).toMatch(/^\$\{aws_kms_key\.database-key\./);
    expect(database['master_user_secret_kms_key_id']).toMatch(/^\$\{aws_kms_key\.database-key\./);
    expect(atHome.resources(id, 'aws_kms_alias').map((one) => one['name'])).toEqual(expect.arrayContaining(['alias/stockade-secret-manager-database', 'alias/stockade-secret-manager-envelope']));
  });

  it('can be restored to any second of the declared days, from another region too', () => {
    expect(database['backup_retention_period']).toBe(infrastructure.home.database.backupDays);
    expect(database['delete_automated_backups']).toBe(false);
    expect(atHome.resource(id, 'aws_db_instance_automated_backups_replication')).toMatchObject({ region: 'eu-west-1', retention_period: infrastructure.home.database.backupDays });
  });

  it('is protected from deletion', () => expect(database).toMatchObject({ deletion_protection: true, skip_final_snapshot: false, lifecycle: { prevent_destroy: true } }));

  it('takes IAM for a password, and its owner\'s is in no state', () => {
    expect(database).toMatchObject({ iam_database_authentication_enabled: true, manage_master_user_password: true });
    expect(database['password']).toBeUndefined();
  });

  it('refuses connections without TLS', () => {
    expect(atHome.resource(id, 'aws_db_parameter_group')['parameter']).toContainEqual({ name: 'rds.force_ssl', value: '1' });
    expect(database['parameter_group_name']).toMatch(/^\$\{aws_db_parameter_group\./);
  });

  it('is made before the role that connects to it', () => {
    const order = (stack: string): number => atHome.stacks.find((one) => one.id === stack)!.order;
    expect(order(id)).toBeLessThan(order('aws-identities'));
    expect(order('aws-management')).toBeLessThan(order(id));
  });
});
