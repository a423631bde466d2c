import type { Construct } from 'constructs';
import { addOnRoleName, controlPlaneRoleName, secretsKeyName } from '../../../naming/clouds';
import { diskKeyName } from '../../../naming';
import { AwsStack } from '../stack';
import type { ClusterContext, AwsCluster } from '../../context';
import { accountRoot, encryptionKey, onlyRoles, through, USE_A_KEY } from '../../aws/policies';

/** The keys that outlive the cluster they were made for: disks that its StorageClasses retained are read by them. */
export class AwsStorageStack extends AwsStack {
  constructor(scope: Construct, id: string, context: ClusterContext<AwsCluster>) {
    const { account, region, name } = context.cluster;
    super(scope, id, context, context.cluster);
    const throughEc2 = through(account, region, 'ec2');
    const autoscaling = { AWS: `arn:aws:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling` };
    const driver = onlyRoles(account, [addOnRoleName(name, 'disks')]);
    encryptionKey(this, 'disks', {
      account,
      alias: diskKeyName(name),
      description: `Disks of ${name}`,
      uses: [
        { Sid: 'DriverUses', Principal: { AWS: accountRoot(account) }, Action: USE_A_KEY, Condition: { ...throughEc2, ...driver } },
        { Sid: 'DriverGrants', Principal: { AWS: accountRoot(account) }, Action: 'kms:CreateGrant', Condition: { ...throughEc2, ...driver, Bool: { 'kms:GrantIsForAWSResource': 'true' } } },
        // Boot disks: the machines are started by this role, which has no permission on keys but what a key itself gives.
        { Sid: 'MachinesUse', Principal: autoscaling, Action: USE_A_KEY },
        { Sid: 'MachinesGrant', Principal: autoscaling, Action: 'kms:CreateGrant', Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } } },
      ],
    });
    encryptionKey(this, 'secrets', {
      account,
      alias: secretsKeyName(name),
      description: `Kubernetes Secrets of ${name}`,
      uses: [
        { Sid: 'ControlPlaneUses', Principal: { AWS: accountRoot(account) }, Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt'], Condition: onlyRoles(account, [controlPlaneRoleName(name)]) },
        // EKS takes a grant from whoever creates the cluster.
        { Sid: 'EksGrants', Principal: { AWS: accountRoot(account) }, Action: ['kms:CreateGrant', 'kms:DescribeKey'], Condition: { StringEquals: { 'kms:ViaService': `eks.${region}.amazonaws.com`, 'kms:CallerAccount': account }, Bool: { 'kms:GrantIsForAWSResource': 'true' } } },
      ],
    });
  }
}
