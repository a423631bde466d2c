import type { Construct } from 'constructs';
import { CloudwatchLogGroup } from '@cdktf/provider-aws/lib/cloudwatch-log-group';
import { FlowLog } from '@cdktf/provider-aws/lib/flow-log';
import type { Vpc } from '@cdktf/provider-aws/lib/vpc';
import { encryptionKey, role, trustService } from './policies';

/** Long enough to look back from an incident that is noticed late; a change of it touches no traffic. */
export const LOG_DAYS = 90;

export const flowLogsGroup = (owner: string): string => `/stockade/${owner}/flow-logs`;

export interface FlowLogsProps {
  readonly vpc: Vpc;
  readonly account: string;
  readonly region: string;
  /** What the VPC belongs to. */
  readonly owner: string;
  readonly keyAlias: string;
  readonly roleName: string;
  /** Log groups that the key may encrypt, this one's among them. */
  readonly groups: readonly string[];
}

/** Flow logs of all traffic of a VPC, encrypted under a key of its own. */
export function flowLogs(scope: Construct, { vpc, account, region, owner, keyAlias, roleName, groups }: FlowLogsProps): void {
  const name = flowLogsGroup(owner);
  const logs = `arn:aws:logs:${region}:${account}:log-group`;
  const key = encryptionKey(scope, 'logs-key', {
    account,
    alias: keyAlias,
    description: `Logs of ${owner}`,
    uses: [
      {
        Sid: 'Logs',
        Principal: { Service: `logs.${region}.amazonaws.com` },
        Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
        Condition: { ArnEquals: { 'kms:EncryptionContext:aws:logs:arn': groups.map((group) => `${logs}:${group}`) } },
      },
    ],
  });
  const group = new CloudwatchLogGroup(scope, 'flow-logs-group', { name, retentionInDays: LOG_DAYS, kmsKeyId: key.arn });
  const writer = role(scope, 'flow-logs-role', {
    name: roleName,
    description: `Writes the flow logs of ${owner}`,
    trust: [trustService('vpc-flow-logs.amazonaws.com', { StringEquals: { 'aws:SourceAccount': account }, ArnLike: { 'aws:SourceArn': `arn:aws:ec2:${region}:${account}:vpc-flow-log/*` } })],
    allows: [{ Action: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'], Resource: `${logs}:${name}:*` }],
  });
  new FlowLog(scope, 'flow-logs', {
    vpcId: vpc.id,
    trafficType: 'ALL',
    logDestinationType: 'cloud-watch-logs',
    logDestination: group.arn,
    iamRoleArn: writer.role.arn,
    maxAggregationInterval: 600,
    tags: { Name: owner },
    dependsOn: [writer.policy!],
  });
}
