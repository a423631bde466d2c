import { describe, expect, it } from 'vitest';
import { COVERED, type Identity, OUR_TAG, POLICY_LIMITS, terraformPolicies, WITHOUT_RESOURCE } from '../../../infra/aws/terraform-permissions';
import { policy, type Statement } from '../../../infra/aws/policies';
import type { StackContext } from '../../../infra/context';
import { automationIdentityName, snapshotsBucketName, STATE_KEY_NAME } from '../../../naming/clouds';
import { stacksAtHomeOnAmazon, type Attributes, type SynthesizedStacks } from '../stacks';
import { list, stacks, statements } from './clusters';
import { mayDo, type Request } from './iam';

/** What clusters make wherever the fleet is at home, if they declare it. In the example none declares a range for its pods. */
const DECLARED: readonly string[] = ['aws_vpc_ipv4_cidr_block_association'];

/** Four clusters for each, on both clouds, each in a region and a project of its own. */
const fourTimes = (context: StackContext): StackContext => {
  const clusters = Object.values(context.fleet.clusters).flatMap((cluster) =>
    [1, 2, 3, 4].map((n) => ({ ...cluster, name: `${cluster.name}-${n}`, region: `${cluster.region}-${n}`, ...(cluster.cloud === 'gcp' ? { project: `${cluster.project}-${cluster.name}-${n}` } : {}) })),
  );
  return { ...context, fleet: { ...context.fleet, clusters: Object.fromEntries(clusters.map((cluster) => [cluster.name, cluster])) } };
};

const atHome = stacksAtHomeOnAmazon();
const FLEETS = [
  { where: 'at home on Google Cloud', of: stacks },
  { where: 'at home on Amazon', of: atHome },
] as const;
const IDENTITIES: readonly Identity[] = ['plan', 'apply'];

const { account } = stacks.context.fleet.infrastructure.aws;
const awsStacks = (of: SynthesizedStacks) => of.stacks.filter(({ cloud }) => cloud === 'aws');
const allOf = (of: SynthesizedStacks, identity: Identity): readonly Statement[] => terraformPolicies(of.context, identity).flatMap((one) => one.statements);
const may = (of: SynthesizedStacks, identity: Identity, request: Request): boolean => mayDo(allOf(of, identity), request);
const allowed = (of: SynthesizedStacks, identity: Identity): readonly Statement[] => allOf(of, identity).filter(({ Effect }) => Effect !== 'Deny');
const actionsOf = (all: readonly Statement[]): string[] => [...new Set(all.flatMap(({ Action }) => list(Action)))].sort();

/** Types of a fleet's Amazon stacks, data sources with `data.` before them. */
const typesOf = (of: SynthesizedStacks): Set<string> =>
  new Set(awsStacks(of).flatMap(({ id }) => [...Object.keys(of.stack(id).resource ?? {}), ...Object.keys(of.stack(id).data ?? {}).map((type) => `data.${type}`)]).filter((type) => /^(data\.)?aws_/.test(type)));

describe('what is covered', () => {
  it.each(FLEETS)('is every type that a stack makes or looks for, $where', ({ of }) => {
    const covered = of === atHome ? new Set([...COVERED.always, ...COVERED.atHome]) : COVERED.always;
    expect([...typesOf(of)].filter((type) => !covered.has(type))).toEqual([]);
  });

  it('is no type that no stack makes', () => {
    const [always, onlyAtHome] = [typesOf(stacks), typesOf(atHome)];
    expect([...COVERED.always].filter((type) => !always.has(type)).sort()).toEqual(DECLARED);
    for (const type of DECLARED) expect(onlyAtHome, type).toContain(type);
    expect([...COVERED.atHome].filter((type) => !onlyAtHome.has(type)).sort()).toEqual([]);
    expect([...COVERED.atHome].filter((type) => always.has(type))).toEqual([]);
  });
});

describe.each(FLEETS)('policies of a fleet $where', ({ of }) => {
  it.each(IDENTITIES)('name every action of %s', (identity) => {
    for (const action of actionsOf(allOf(of, identity))) expect(action).toMatch(/^[a-z0-9-]+:[A-Za-z]+$/);
  });

  it.each(IDENTITIES)('let %s read alone on everything, but for what has no resource, in the fleet\'s regions', (identity) => {
    for (const { Sid, Action, Resource, Condition } of allowed(of, identity).filter((one) => list(one.Resource).includes('*'))) {
      for (const action of list(Action)) {
        if (!WITHOUT_RESOURCE.has(action)) expect(action, Sid).toMatch(/:(Describe|Get|List)/);
        else expect(Condition?.['StringEquals'], Sid).toHaveProperty('aws:RequestedRegion');
      }
      expect(Resource, Sid).toBe('*');
    }
  });

  it('let `plan` write nothing', () => {
    expect(actionsOf(allowed(of, 'plan')).filter((action) => !/:(Describe|Get|List)/.test(action))).toEqual(['kms:Decrypt']);
  });

  it('let `apply` read all that `plan` reads', () => {
    const [plan, apply] = [actionsOf(allowed(of, 'plan')), new Set(actionsOf(allowed(of, 'apply')))];
    expect(plan.filter((action) => !apply.has(action))).toEqual([]);
  });

  it('have no content in what may be read on everything', () => {
    const everything = allowed(of, 'plan').filter(({ Resource }) => Resource === '*');
    expect(actionsOf(everything).filter((action) => /Secret|Parameter(s)?$|Object|Password|ConsoleOutput|Log(Events|Record)|AuthorizationToken/.test(action) && !/^(rds:DescribeDBParameters|ssm:DescribeParameters)$/.test(action))).toEqual([]);
  });

  it('bear names of their own, within IAM\'s limits', () => {
    for (const identity of IDENTITIES) {
      const made = terraformPolicies(of.context, identity);
      expect(new Set(made.map(({ name }) => name)).size).toBe(made.length);
      for (const { name, statements: all } of made) {
        expect(name).toMatch(new RegExp(`^${automationIdentityName(identity)}-[a-z-]+$`));
        const ids = all.map(({ Sid }) => Sid!);
        expect(new Set(ids).size, name).toBe(ids.length);
        for (const id of ids) expect(id, name).toMatch(/^[A-Za-z0-9]+$/);
      }
    }
  });

  it('fit, one policy of a role left to its stack, in a fleet of four times the regions too', () => {
    for (const context of [of.context, fourTimes(of.context)]) {
      for (const identity of IDENTITIES) {
        const made = terraformPolicies(context, identity);
        expect(made.length).toBeLessThanOrEqual(POLICY_LIMITS.ofARole - 1);
        for (const { name, statements: all } of made) expect(policy(all).length, name).toBeLessThanOrEqual(POLICY_LIMITS.characters);
      }
    }
  });
});

/** What is made under a name of the stacks': the call that makes or changes it, and what IAM calls it. */
interface Named {
  readonly action: string;
  readonly identity?: Identity;
  readonly arn: (one: Attributes, place: { readonly region: string; readonly cluster: string }) => string;
  readonly context?: (one: Attributes) => Request['context'];
}

const regional = (service: string, resource: (one: Attributes, cluster: string) => string): Named['arn'] => (one, { region, cluster }) => `arn:aws:${service}:${region}:${account}:${resource(one, cluster)}`;
const iam = (resource: (one: Attributes, region: string) => string): Named['arn'] => (one, { region }) => `arn:aws:iam::${account}:${resource(one, region)}`;
const text = (value: unknown): string => value as string;
const inCluster = (kind: string, more = 'of-some-name'): Named['arn'] => regional('eks', (_, cluster) => `${kind}/${cluster}/${more}/0a1b2c3d`);

const NAMED: Readonly<Record<string, Named>> = {
  aws_accessanalyzer_analyzer: { action: 'access-analyzer:CreateAnalyzer', arn: regional('access-analyzer', (one) => `analyzer/${text(one['analyzer_name'])}`) },
  aws_autoscaling_group: { action: 'autoscaling:CreateAutoScalingGroup', arn: regional('autoscaling', (one) => `autoScalingGroup:0a1b2c3d:autoScalingGroupName/${text(one['name'])}`) },
  aws_cloudwatch_log_group: { action: 'logs:CreateLogGroup', arn: regional('logs', (one) => `log-group:${text(one['name'])}`) },
  aws_db_instance: { action: 'rds:CreateDBInstance', arn: regional('rds', (one) => `db:${text(one['identifier'])}`) },
  aws_db_parameter_group: { action: 'rds:CreateDBParameterGroup', arn: regional('rds', (one) => `pg:${text(one['name'])}`) },
  aws_db_subnet_group: { action: 'rds:CreateDBSubnetGroup', arn: regional('rds', (one) => `subgrp:${text(one['name'])}`) },
  aws_ecr_repository: { action: 'ecr:CreateRepository', arn: regional('ecr', (one) => `repository/${text(one['name'])}`) },
  aws_eks_access_entry: { action: 'eks:DeleteAccessEntry', arn: inCluster('access-entry', `role/${account}/some-role`) },
  aws_eks_access_policy_association: { action: 'eks:AssociateAccessPolicy', arn: inCluster('access-entry', `role/${account}/some-role`) },
  aws_eks_addon: { action: 'eks:UpdateAddon', arn: inCluster('addon') },
  aws_eks_cluster: { action: 'eks:UpdateClusterConfig', arn: regional('eks', (one) => `cluster/${text(one['name'])}`) },
  aws_eks_node_group: { action: 'eks:UpdateNodegroupConfig', arn: inCluster('nodegroup') },
  aws_eks_pod_identity_association: { action: 'eks:DeletePodIdentityAssociation', arn: regional('eks', (one, cluster) => `podidentityassociation/${text(one['cluster_name']) || cluster}/a-0a1b2c3d`) },
  aws_iam_instance_profile: { action: 'iam:CreateInstanceProfile', arn: iam((one) => `instance-profile/${text(one['name'])}`) },
  aws_iam_openid_connect_provider: {
    action: 'iam:CreateOpenIDConnectProvider',
    // An EKS cluster's issuer is known once the cluster is there.
    arn: iam((one, region) => `oidc-provider/${text(one['url']).startsWith('https://') ? text(one['url']).slice('https://'.length) : `oidc.eks.${region}.amazonaws.com/id/0A1B2C3D`}`),
  },
  aws_iam_policy: { action: 'iam:CreatePolicy', arn: iam((one) => `policy/${text(one['name'])}`) },
  aws_iam_role: { action: 'iam:CreateRole', arn: iam((one) => `role/${text(one['name'])}`) },
  aws_iam_service_linked_role: {
    action: 'iam:CreateServiceLinkedRole',
    arn: iam((one) => `role/aws-service-role/${text(one['aws_service_name'])}/AWSServiceRoleForSomething`),
    context: (one) => ({ 'iam:AWSServiceName': text(one['aws_service_name']) }),
  },
  aws_kms_alias: { action: 'kms:CreateAlias', arn: regional('kms', (one) => text(one['name'])) },
  aws_lb: { action: 'elasticloadbalancing:CreateLoadBalancer', arn: regional('elasticloadbalancing', (one) => `loadbalancer/app/${text(one['name'])}/0a1b2c3d`) },
  aws_lb_target_group: { action: 'elasticloadbalancing:CreateTargetGroup', arn: regional('elasticloadbalancing', (one) => `targetgroup/${text(one['name'])}/0a1b2c3d`) },
  aws_s3_bucket: { action: 's3:CreateBucket', arn: (one) => `arn:aws:s3:::${text(one['bucket'])}` },
  aws_ssm_parameter: { action: 'ssm:PutParameter', arn: regional('ssm', (one) => `parameter${text(one['name'])}`) },
  'data.aws_eks_cluster': { action: 'eks:DescribeCluster', identity: 'plan', arn: regional('eks', (one) => `cluster/${text(one['name'])}`) },
};

/** Names that IAM doesn't tell by: ids of EC2, a part of a role, what is read by a list, and what a bucket or a cache has beside its name. */
const NAMELESS = /^(aws_(iam_role_policy|launch_template|s3_bucket_.+|security_group)|data\.aws_(kms_alias|security_group))$/;

describe.each(FLEETS)('what stacks name, $where', ({ of }) => {
  const made = awsStacks(of).flatMap(({ id, cluster = '' }) => {
    const json = of.stack(id);
    const own = json.provider['aws']![0]!['region'] as string;
    const every = [...Object.entries(json.resource ?? {}), ...Object.entries(json.data ?? {}).map(([type, all]) => [`data.${type}`, all] as const)];
    return every.flatMap(([type, all]) => Object.values(all).map((one) => ({ id, type, one, place: { region: (one['region'] as string | undefined) ?? own, cluster } })));
  });

  it('is all told by a name that its statement allows', () => {
    for (const { id, type, one, place } of made) {
      const named = NAMED[type];
      if (named === undefined) continue;
      const request: Request = { action: named.action, resource: named.arn(one, place), context: { 'aws:RequestedRegion': place.region, ...named.context?.(one) } };
      expect(may(of, named.identity ?? 'apply', request), `${type} of ${id}: ${request.action} on ${request.resource}`).toBe(true);
    }
  });

  it('is looked at above, each type of it', () => {
    const withNames = made.filter(({ type, one }) => type.includes('aws_') && ['name', 'identifier', 'bucket', 'analyzer_name', 'cluster_name', 'url'].some((attribute) => typeof one[attribute] === 'string'));
    expect([...new Set(withNames.map(({ type }) => type))].filter((type) => !(type in NAMED) && !NAMELESS.test(type)).sort()).toEqual([]);
    expect(withNames.length).toBeGreaterThan(100);
  });

  it('is in the fleet\'s regions, and nothing is made in another', () => {
    const makes = (region: string): boolean => may(of, 'apply', { action: 'ec2:CreateVpc', resource: `arn:aws:ec2:${region}:${account}:vpc/vpc-0`, context: { 'aws:RequestedRegion': region } });
    for (const region of new Set(made.map(({ place }) => place.region))) expect(makes(region), region).toBe(true);
    expect(makes('us-gov-west-1')).toBe(false);
    for (const { Sid, Action, Resource, Condition } of allowed(of, 'apply')) {
      // A region that a resource's ARN leaves out is in the condition, unless the action reads.
      if (list(Resource).some((one) => /^arn:aws:[a-z0-9-]+:\*:/.test(one)) && list(Action).some((action) => !/:(Describe|Get|List)/.test(action))) expect(Condition?.['StringEquals'], Sid).toHaveProperty('aws:RequestedRegion');
    }
  });

  it('has each stack\'s state where `plan` may read it, and `apply` may write and lock it', () => {
    for (const { id } of awsStacks(of)) {
      const { bucket, key } = of.stack(id).terraform.backend['s3'] as { bucket: string; key: string };
      const [states, lock] = [`arn:aws:s3:::${bucket}/${key}`, `arn:aws:s3:::${bucket}/${key}.tflock`];
      expect(may(of, 'plan', { action: 's3:GetObject', resource: states }), id).toBe(true);
      for (const [action, resource] of [['s3:GetObject', states], ['s3:PutObject', states], ['s3:GetObject', lock], ['s3:PutObject', lock], ['s3:DeleteObject', lock]] as const) expect(may(of, 'apply', { action, resource }), `${action} ${resource}`).toBe(true);
      expect(may(of, 'apply', { action: 's3:DeleteObject', resource: states }), id).toBe(false);
      for (const action of ['s3:PutObject', 's3:DeleteObject']) expect(may(of, 'plan', { action, resource: lock }), id).toBe(false);
    }
  });

  it('bears the tag by which `apply` tells it from the machines of nodes', () => {
    const instance = { action: 'ec2:TerminateInstances', resource: `arn:aws:ec2:eu-central-1:${account}:instance/i-0` };
    const subnet = { action: 'ec2:DeleteSubnet', resource: `arn:aws:ec2:eu-central-1:${account}:subnet/subnet-0` };
    const tagged = (tag: string) => ({ 'aws:RequestedRegion': 'eu-central-1', [`aws:ResourceTag/${OUR_TAG.key}`]: tag });
    expect(may(of, 'apply', { ...subnet, context: tagged(OUR_TAG.value) })).toBe(true);
    expect(may(of, 'apply', { ...subnet, context: tagged('somebody-else') })).toBe(false);
    for (const request of [instance, subnet]) expect(may(of, 'apply', { ...request, context: { 'aws:RequestedRegion': 'eu-central-1' } })).toBe(false);
    for (const { id } of awsStacks(of)) {
      expect((of.stack(id).provider['aws']![0]!['default_tags'] as [{ tags: object }])[0].tags, id).toHaveProperty(OUR_TAG.key, OUR_TAG.value);
      for (const template of of.resources(id, 'aws_launch_template')) {
        for (const { tags } of (template['tag_specifications'] ?? []) as { tags: object }[]) expect(tags, id).not.toHaveProperty(OUR_TAG.key);
      }
    }
  });

  it('can\'t be tagged by `apply` unless that makes it, or AWS makes it along with something', () => {
    const tag = (resource: string, context: Request['context']): boolean =>
      may(of, 'apply', { action: 'ec2:CreateTags', resource: `arn:aws:ec2:eu-central-1:${account}:${resource}`, context: { 'aws:RequestedRegion': 'eu-central-1', [`aws:RequestTag/${OUR_TAG.key}`]: OUR_TAG.value, ...context } });
    expect(tag('vpc/vpc-0', { 'ec2:CreateAction': 'CreateVpc' })).toBe(true);
    expect(tag('instance/i-0', { 'ec2:CreateAction': 'RunInstances' })).toBe(true);
    expect(tag('vpc/vpc-0', { [`aws:ResourceTag/${OUR_TAG.key}`]: OUR_TAG.value })).toBe(true);
    for (const later of ['security-group/sg-0', 'security-group-rule/sgr-0', 'vpc-peering-connection/pcx-0']) expect(tag(later, {}), later).toBe(true);
    for (const others of ['vpc/vpc-0', 'instance/i-0', 'volume/vol-0', 'network-interface/eni-0', 'subnet/subnet-0']) expect(tag(others, {}), others).toBe(false);
  });

  it('has keys that `apply` keeps as the keys themselves let it', () => {
    const keep = new Set(awsStacks(of).flatMap(({ id }) => of.resources(id, 'aws_kms_key').map((key) => statements(text(key['policy'])).find(({ Sid }) => Sid === 'Keep')!)).flatMap(({ Action }) => list(Action)));
    const kept = actionsOf(allowed(of, 'apply').filter(({ Sid }) => ['ChangeKms', 'SeeKms'].includes(Sid!)));
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.filter((action) => !keep.has(action))).toEqual([]);
  });
});

describe.each(FLEETS)('roles, $where', ({ of }) => {
  const role = `arn:aws:iam::${account}:role/stockade-eks-eu-central-1-control-plane`;

  it('are passed to the services that stacks give them to, and to no other', () => {
    const pass = (service: string, resource = role): boolean => may(of, 'apply', { action: 'iam:PassRole', resource, context: { 'iam:PassedToService': service } });
    const trusted = new Set(awsStacks(of).flatMap(({ id }) => of.resources(id, 'aws_iam_role').flatMap((one) => statements(text(one['assume_role_policy'])).flatMap(({ Principal }) => list((Principal as { Service?: string }).Service)))));
    expect(trusted.size).toBeGreaterThan(3);
    for (const service of trusted) expect(pass(service), service).toBe(true);
    for (const service of ['lambda.amazonaws.com', 'cloudformation.amazonaws.com', 'ssm.amazonaws.com']) expect(pass(service), service).toBe(false);
    expect(pass('ec2.amazonaws.com', `arn:aws:iam::${account}:role/administrator`)).toBe(false);
    expect(may(of, 'plan', { action: 'iam:PassRole', resource: role, context: { 'iam:PassedToService': 'ec2.amazonaws.com' } })).toBe(false);
  });

  it('are given the stacks\' own policies alone', () => {
    const attach = (arn: string): boolean => may(of, 'apply', { action: 'iam:AttachRolePolicy', resource: role, context: { 'iam:PolicyARN': arn } });
    expect(attach(`arn:aws:iam::${account}:policy/stockade-apply-network`)).toBe(true);
    expect(attach('arn:aws:iam::aws:policy/AdministratorAccess')).toBe(false);
  });

  it('of services are made for those that stacks need, and deleted by nobody', () => {
    const make = (service: string): boolean => may(of, 'apply', { action: 'iam:CreateServiceLinkedRole', resource: `arn:aws:iam::${account}:role/aws-service-role/${service}/AWSServiceRoleForIt`, context: { 'iam:AWSServiceName': service } });
    expect(make('eks-nodegroup.amazonaws.com')).toBe(true);
    expect(make('organizations.amazonaws.com')).toBe(false);
    expect(make('rds.amazonaws.com')).toBe(of === atHome);
  });

  it('are no user\'s: nobody makes one, or an access key', () => {
    for (const identity of IDENTITIES) for (const action of ['iam:CreateUser', 'iam:CreateAccessKey', 'iam:CreateLoginProfile']) expect(denied(of, identity, { action, resource: `arn:aws:iam::${account}:user/stockade-user` }), action).toBe(true);
  });
});

/** Refused even where something else allows it: the request is allowed by itself, beside the identity's policies. */
const denied = (of: SynthesizedStacks, identity: Identity, request: Request): boolean => !mayDo([...allOf(of, identity), { Action: request.action, Resource: '*' }], request);

describe.each(FLEETS)('content, $where', ({ of }) => {
  const { infrastructure } = of.context.fleet;
  const key = (region: string): string => `arn:aws:kms:${region}:${account}:key/0a1b2c3d`;
  const through = (service: string, region: string, alias: string): Request['context'] => ({ 'kms:ViaService': `${service}.${region}.amazonaws.com`, 'kms:ResourceAliases': [`alias/${alias}`], 'aws:RequestedRegion': region });
  const { region: stateRegion } = infrastructure.state.aws;

  it.each(IDENTITIES)('of secrets, databases, machines and disks is closed to %s', (identity) => {
    for (const [action, resource] of [
      ['secretsmanager:GetSecretValue', `arn:aws:secretsmanager:eu-central-1:${account}:secret:atlantis-github-token-AbC1d2`],
      ['rds-db:connect', `arn:aws:rds-db:eu-central-1:${account}:dbuser:db-0/secret_manager`],
      ['ssm:SendCommand', `arn:aws:ec2:eu-central-1:${account}:instance/i-0`],
      ['ebs:GetSnapshotBlock', 'arn:aws:ec2:eu-central-1::snapshot/snap-0'],
    ] as const) expect(denied(of, identity, { action, resource }), action).toBe(true);
    // The control: what nobody forbids isn't denied.
    expect(denied(of, identity, { action: 'ssm:StartSession', resource: `arn:aws:ec2:eu-central-1:${account}:instance/i-0` })).toBe(false);
  });

  it.each(IDENTITIES)('of snapshots is closed to %s', (identity) => {
    const bucket = snapshotsBucketName(infrastructure.snapshots.bucketPrefix, 'aws');
    for (const action of ['s3:GetObject', 's3:GetObjectVersion', 's3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutObject', 's3:BypassGovernanceRetention']) expect(denied(of, identity, { action, resource: `arn:aws:s3:::${bucket}/ethereum/1` }), action).toBe(true);
  });

  it.each(IDENTITIES)('is decrypted by %s through S3 and of the state alone', (identity) => {
    const decrypt = { action: 'kms:Decrypt', resource: key(stateRegion) };
    expect(may(of, identity, { ...decrypt, context: through('s3', stateRegion, STATE_KEY_NAME) })).toBe(true);
    expect(denied(of, identity, { ...decrypt, context: { 'kms:ResourceAliases': [`alias/${STATE_KEY_NAME}`] } })).toBe(true);
    expect(denied(of, identity, { ...decrypt, context: through('s3', stateRegion, 'stockade-snapshots') })).toBe(true);
    expect(denied(of, identity, { ...decrypt, context: { 'kms:ViaService': `s3.${stateRegion}.amazonaws.com` } })).toBe(true);
    expect(denied(of, identity, { ...decrypt, context: through('ssm', stateRegion, 'stockade-secret-manager-envelope') })).toBe(true);
  });

  it('is encrypted by `apply` through the services that it asks to, and never by `plan`', () => {
    const use = (action: string, service: string): Request => ({ action, resource: key('eu-central-1'), context: { ...through(service, 'eu-central-1', 'stockade-any'), 'kms:GrantIsForAWSResource': 'true' } });
    expect(may(of, 'apply', use('kms:CreateGrant', 'eks'))).toBe(true);
    for (const service of ['ec2', 'rds']) for (const action of ['kms:CreateGrant', 'kms:GenerateDataKeyWithoutPlaintext']) expect(may(of, 'apply', use(action, service)), service).toBe(of === atHome);
    expect(may(of, 'apply', use('kms:Decrypt', 'eks'))).toBe(false);
    expect(may(of, 'apply', { ...use('kms:CreateGrant', 'eks'), context: through('eks', 'eu-central-1', 'stockade-any') })).toBe(false);
    for (const service of ['eks', 'ec2', 'rds']) expect(denied(of, 'plan', use('kms:Decrypt', service)), service).toBe(true);
  });

  it('that no plan destroys has no deletion: buckets, the database, roles of services', () => {
    const actions = new Set(actionsOf(allowed(of, 'apply')));
    for (const action of ['s3:DeleteBucket', 's3:DeleteBucketPolicy', 's3:DeleteObjectVersion', 'rds:DeleteDBInstance', 'iam:DeleteServiceLinkedRole']) expect(actions, action).not.toContain(action);
  });
});

describe('a cluster that is yet to be destroyed', () => {
  const gone = { cluster: 'eks-gone', cloud: 'aws' as const, account, region: 'sa-east-1' };
  const after = (destroyed: boolean): StackContext => ({ ...stacks.context, fleet: { ...stacks.context.fleet, infrastructure: { ...stacks.context.fleet.infrastructure, tombstones: [{ ...gone, destroyed }] } } });
  it('is in reach of `apply` until then', () => {
    for (const destroyed of [false, true]) {
      const all = terraformPolicies(after(destroyed), 'apply').flatMap((one) => one.statements);
      expect(mayDo(all, { action: 'eks:DeleteCluster', resource: `arn:aws:eks:sa-east-1:${account}:cluster/eks-gone`, context: { 'aws:RequestedRegion': 'sa-east-1' } })).toBe(!destroyed);
    }
  });
});
