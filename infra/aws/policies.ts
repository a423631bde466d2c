import type { Construct } from 'constructs';
import { IamRole } from '@cdktf/provider-aws/lib/iam-role';
import { IamRolePolicy } from '@cdktf/provider-aws/lib/iam-role-policy';
import { KmsAlias } from '@cdktf/provider-aws/lib/kms-alias';
import { KmsKey } from '@cdktf/provider-aws/lib/kms-key';
import { roleArn } from '../../naming/clouds';

/** One statement of an IAM policy, written out: no action list is `*`. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect?: 'Allow' | 'Deny';
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export const policy = (statements: readonly Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements.map(({ Effect = 'Allow', ...rest }) => ({ Effect, ...rest })) });

export const accountRoot = (account: string): string => `arn:aws:iam::${account}:root`;

/** Only the named roles of the account, whatever else its IAM policies say. Roles that don't exist yet may be named so; as principals they may not. */
export const onlyRoles = (account: string, roles: readonly string[]): { readonly ArnEquals: Readonly<Record<string, string | readonly string[]>> } => ({
  ArnEquals: { 'aws:PrincipalArn': roles.map((role) => roleArn(account, role)) },
});

/** Only in a request that AWS's services of a region make, on behalf of whoever of the account asked them. */
export const through = (account: string, region: string, first: string, ...services: readonly string[]): { readonly StringEquals: Readonly<Record<string, string | readonly string[]>> } => {
  const hosts = [first, ...services].map((service) => `${service}.${region}.amazonaws.com`);
  return { StringEquals: { 'kms:ViaService': services.length === 0 ? hosts[0]! : hosts, 'kms:CallerAccount': account } };
};

/** That services use a key for whoever of the account may ask them, and keep on using it for what they made. */
export const usesThrough = (account: string, region: string, ...services: readonly [string, ...string[]]): Statement[] => [
  { Sid: 'UseThroughServices', Principal: { AWS: accountRoot(account) }, Action: USE_A_KEY, Condition: through(account, region, ...services) },
  { Sid: 'GrantThroughServices', Principal: { AWS: accountRoot(account) }, Action: 'kms:CreateGrant', Condition: { ...through(account, region, ...services), Bool: { 'kms:GrantIsForAWSResource': 'true' } } },
];

/** What the agent of Session Manager asks for on a machine, so that sessions may be started on it: by whom, IAM says elsewhere. */
export const sessionAgent = (account: string, region: string): Statement[] => [
  { Sid: 'Sessions', Action: 'ssm:UpdateInstanceInformation', Resource: `arn:aws:ec2:${region}:${account}:instance/*` },
  // None of them knows resources.
  { Sid: 'SessionChannels', Action: ['ssmmessages:CreateControlChannel', 'ssmmessages:CreateDataChannel', 'ssmmessages:OpenControlChannel', 'ssmmessages:OpenDataChannel'], Resource: '*' },
];

/** What an identity of the account may do in Terraform to keep a key: nothing that reads or writes what it encrypts. */
const KEEP_A_KEY = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:EnableKey',
  'kms:EnableKeyRotation',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
] as const;

export const USE_A_KEY = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'] as const;

export interface KeyProps {
  readonly account: string;
  /** Without `alias/`. */
  readonly alias: string;
  readonly description: string;
  /** Whoever may use the key. In a key's own policy `*` is this key. */
  readonly uses: readonly Statement[];
  /** @default - the stack's */
  readonly region?: string;
}

/** A KMS key that is named by its alias, rotates every year, and that no plan destroys: what it encrypted would be lost with it. */
export function encryptionKey(scope: Construct, id: string, { account, alias, description, uses, region }: KeyProps): KmsKey {
  const key = new KmsKey(scope, id, {
    description,
    enableKeyRotation: true,
    rotationPeriodInDays: 365,
    deletionWindowInDays: 30,
    policy: policy([{ Sid: 'Keep', Principal: { AWS: accountRoot(account) }, Action: KEEP_A_KEY, Resource: '*' }, ...uses.map((use) => ({ Resource: '*', ...use }))]),
    ...(region === undefined ? {} : { region }),
    lifecycle: { preventDestroy: true },
  });
  new KmsAlias(scope, `${id}-alias`, { name: `alias/${alias}`, targetKeyId: key.keyId, ...(region === undefined ? {} : { region }) });
  return key;
}

export interface RoleProps {
  readonly name: string;
  readonly description: string;
  readonly trust: readonly Statement[];
  /** Written out; none: the role may do nothing by itself. */
  readonly allows: readonly Statement[];
}

/** A role with the one policy that is written out for it. */
export function role(scope: Construct, id: string, { name, description, trust, allows }: RoleProps): { readonly role: IamRole; readonly policy?: IamRolePolicy } {
  const made = new IamRole(scope, id, { name, description, assumeRolePolicy: policy(trust), maxSessionDuration: 3600 });
  if (allows.length === 0) return { role: made };
  return { role: made, policy: new IamRolePolicy(scope, `${id}-policy`, { name, role: made.name, policy: policy(allows) }) };
}

/** Trust in an AWS service. */
export const trustService = (service: string, condition?: Statement['Condition']): Statement => ({
  Principal: { Service: service },
  Action: 'sts:AssumeRole',
  ...(condition === undefined ? {} : { Condition: condition }),
});

/** Trust in one service account of EKS clusters through pod identity: exactly that one, and only of clusters of this account. */
export const trustPodIdentity = (account: string, clusterArns: readonly string[], namespace: string, serviceAccount: string): Statement => ({
  Principal: { Service: 'pods.eks.amazonaws.com' },
  Action: ['sts:AssumeRole', 'sts:TagSession'],
  Condition: {
    StringEquals: { 'aws:SourceAccount': account, 'aws:RequestTag/kubernetes-namespace': namespace, 'aws:RequestTag/kubernetes-service-account': serviceAccount },
    ArnEquals: { 'aws:SourceArn': clusterArns },
  },
});

export const clusterArn = (region: string, account: string, cluster: string): string => `arn:aws:eks:${region}:${account}:cluster/${cluster}`;

/** A bucket's statement that refuses whoever comes without TLS. */
export const tlsOnly = (bucket: string): Statement => ({
  Sid: 'TlsOnly',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});
