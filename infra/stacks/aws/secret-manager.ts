import type { Construct } from 'constructs';
import { CloudwatchLogGroup } from '@cdktf/provider-aws/lib/cloudwatch-log-group';
import { DbInstance } from '@cdktf/provider-aws/lib/db-instance';
import { DbInstanceAutomatedBackupsReplication } from '@cdktf/provider-aws/lib/db-instance-automated-backups-replication';
import { DbParameterGroup } from '@cdktf/provider-aws/lib/db-parameter-group';
import { DbSubnetGroup } from '@cdktf/provider-aws/lib/db-subnet-group';
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule';
import {
  DATABASE_KEY_NAME,
  DATABASE_NAME,
  DATABASE_PARAMETERS,
  databaseSubnetName,
  ENVELOPE_KEY_NAME,
  MANAGEMENT_NETWORK,
  serviceIdentityName,
} from '../../../naming/clouds';
import { LOG_DAYS } from '../../aws/flow-logs';
import { Lookups } from '../../aws/lookups';
import { accountRoot, encryptionKey, onlyRoles, usesThrough } from '../../aws/policies';
import { AwsStack } from '../stack';
import type { AwsCluster, StackContext } from '../../context';

/**
 * The secret manager's database and the key that it encrypts secrets with itself, where the home cloud is Amazon. Only clusters of the home region reach it; every other one
 * asks the secret manager.
 */
export class AwsSecretManagerStack extends AwsStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { clusters, infrastructure: { aws, home, maintenance } } = context.fleet;
    const { account } = aws;
    const { region, database } = home;
    super(scope, id, context, { account, region });
    const found = new Lookups(this);

    encryptionKey(this, 'envelope-key', {
      account,
      alias: ENVELOPE_KEY_NAME,
      description: 'What the secret manager encrypts before it stores it',
      uses: [{ Sid: 'SecretManager', Principal: { AWS: accountRoot(account) }, Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'], Condition: onlyRoles(account, [serviceIdentityName('secret-manager')]) }],
    });
    const key = encryptionKey(this, 'database-key', { account, alias: DATABASE_KEY_NAME, description: "Disks, backups and owner's password of the secret manager's database", uses: usesThrough(account, region, 'rds', 'secretsmanager') });

    const parameters = new DbParameterGroup(this, 'parameters', {
      name: DATABASE_PARAMETERS,
      family: `postgres${database.version}`,
      description: 'TLS only, and who connected',
      parameter: [
        { name: 'rds.force_ssl', value: '1' },
        { name: 'log_connections', value: '1' },
        { name: 'log_disconnections', value: '1' },
      ],
      lifecycle: { createBeforeDestroy: false },
    });
    const subnets = new DbSubnetGroup(this, 'subnets', { name: DATABASE_NAME, description: 'Private', subnetIds: aws.management.zones.map((zone) => found.subnetId(MANAGEMENT_NETWORK, databaseSubnetName(zone))) });
    const firewall = new SecurityGroup(this, 'firewall', { name: DATABASE_NAME, description: 'The secret manager, from clusters of the home region', vpcId: found.vpcId(MANAGEMENT_NETWORK), tags: { Name: DATABASE_NAME } });
    for (const cluster of Object.values(clusters).filter((one): one is AwsCluster => one.cloud === 'aws' && one.region === region)) {
      new VpcSecurityGroupIngressRule(this, `from-${cluster.name}`, { securityGroupId: firewall.id, ipProtocol: 'tcp', fromPort: 5432, toPort: 5432, cidrIpv4: cluster.ranges.machines, description: `The secret manager in ${cluster.name}` });
    }
    const logs = new CloudwatchLogGroup(this, 'logs', { name: `/aws/rds/instance/${DATABASE_NAME}/postgresql`, retentionInDays: LOG_DAYS });

    const instance = new DbInstance(this, 'database', {
      identifier: DATABASE_NAME,
      engine: 'postgres',
      engineVersion: database.version,
      instanceClass: database.machine,
      allocatedStorage: database.storageGiB,
      storageType: 'gp3',
      storageEncrypted: true,
      kmsKeyId: key.arn,
      dbName: 'secret_manager',
      username: 'owner_of_secret_manager',
      // RDS makes the owner's password and turns it over in Secrets Manager; no state has it. Programs come with IAM.
      manageMasterUserPassword: true,
      masterUserSecretKmsKeyId: key.keyId,
      iamDatabaseAuthenticationEnabled: true,
      multiAz: true,
      publiclyAccessible: false,
      dbSubnetGroupName: subnets.name,
      vpcSecurityGroupIds: [firewall.id],
      parameterGroupName: parameters.name,
      caCertIdentifier: 'rds-ca-rsa2048-g1',
      // Backups and the log between them: any second of these days can be restored.
      backupRetentionPeriod: database.backupDays,
      backupWindow: '02:00-03:00',
      copyTagsToSnapshot: true,
      deleteAutomatedBackups: false,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: `${DATABASE_NAME}-final`,
      deletionProtection: true,
      maintenanceWindow: window(maintenance),
      autoMinorVersionUpgrade: true,
      allowMajorVersionUpgrade: false,
      applyImmediately: false,
      enabledCloudwatchLogsExports: ['postgresql', 'upgrade'],
      lifecycle: { preventDestroy: true },
      dependsOn: [logs],
    });
    if (aws.snapshotsRegion !== region) {
      const abroad = encryptionKey(this, 'backups-key', { account, alias: DATABASE_KEY_NAME, description: "Backups of the secret manager's database in another region", region: aws.snapshotsRegion, uses: usesThrough(account, aws.snapshotsRegion, 'rds', 'secretsmanager') });
      new DbInstanceAutomatedBackupsReplication(this, 'backups-abroad', { sourceDbInstanceArn: instance.arn, kmsKeyId: abroad.arn, retentionPeriod: database.backupDays, region: aws.snapshotsRegion });
    }
  }
}

/** `tue:09:00-tue:10:00`: the first hour of the fleet's first window. */
function window({ days, start }: StackContext['fleet']['infrastructure']['maintenance']): string {
  const day = WEEK[days[0]!];
  const [hour = '', minute = ''] = start.split(':');
  const end = (Number(hour) + 1) % 24;
  return `${day}:${start}-${end === 0 ? NEXT[day] : day}:${String(end).padStart(2, '0')}:${minute}`;
}

const WEEK = { MO: 'mon', TU: 'tue', WE: 'wed', TH: 'thu', FR: 'fri', SA: 'sat', SU: 'sun' } as const;
const NEXT = { mon: 'tue', tue: 'wed', wed: 'thu', thu: 'fri', fri: 'sat', sat: 'sun', sun: 'mon' } as const;
