import type { Construct } from 'constructs';
import { IamPolicy } from '@cdktf/provider-aws/lib/iam-policy';
import { IamRolePolicyAttachment } from '@cdktf/provider-aws/lib/iam-role-policy-attachment';
import { DataGoogleServiceAccount } from '@cdktf/provider-google/lib/data-google-service-account';
import { GoogleProvider } from '@cdktf/provider-google/lib/provider';
import { ATLANTIS_NAME, AUTOMATION_IDENTITIES, automationIdentityName, FEDERATION_AUDIENCE, MANAGEMENT_GATEWAY, roleArn } from '../../../naming/clouds';
import { clusterArn, policy, role, sessionAgent, type Statement, trustService } from '../../aws/policies';
import { inEcr, SCRIPT_PARAMETER } from '../../machines/atlantis';
import { terraformPolicies } from '../../aws/terraform-permissions';
import { AwsStack } from '../stack';
import type { AwsCluster, StackContext } from '../../context';

/**
 * Who Atlantis is on Amazon. Its machine may take these roles and do nothing by itself: at home by the role of its instance, which is made here, and from Google Cloud by the
 * token of its service account there. What they may do in a cluster is said by access entries and RBAC.
 */
export class AwsAutomationStack extends AwsStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { account, region } = context.fleet.infrastructure.aws;
    super(scope, id, context, { account, region });
    const trust = context.fleet.infrastructure.home.cloud === 'aws' ? this.instance(context) : this.googleAccount(context);
    const connects = connectStatement(context);
    for (const identity of AUTOMATION_IDENTITIES) {
      const name = automationIdentityName(identity);
      const { role: made } = role(this, identity, { name, description: `Atlantis, ${identity}`, trust: [trust], allows: [...connects, ...(identity === 'plan' ? gatewayStatements(context) : [])] });
      if (identity === 'deploy') continue;
      for (const { name: policyName, statements } of terraformPolicies(context, identity)) {
        const managed = new IamPolicy(this, `${policyName}-policy`, { name: policyName, description: `Of ${name}`, policy: policy(statements) });
        new IamRolePolicyAttachment(this, `${policyName}-attachment`, { role: made.name, policyArn: managed.arn });
      }
    }
  }

  /** The role of Atlantis' instance: takes the three, reads its own two secrets, lets Session Manager in, and pulls its image. */
  private instance({ fleet: { infrastructure: { aws: { account, management: { region } }, atlantis } } }: StackContext): Statement {
    const { role: machine } = role(this, 'machine', {
      name: ATLANTIS_NAME,
      description: 'Atlantis, the machine',
      trust: [trustService('ec2.amazonaws.com')],
      allows: [
        { Sid: 'Become', Action: 'sts:AssumeRole', Resource: AUTOMATION_IDENTITIES.map((identity) => roleArn(account, automationIdentityName(identity))) },
        // Secrets Manager adds six characters of its own to a name.
        { Sid: 'Secrets', Action: 'secretsmanager:GetSecretValue', Resource: Object.values(atlantis.secrets).map((secret) => `arn:aws:secretsmanager:${region}:${account}:secret:${secret}-??????`) },
        { Sid: 'Script', Action: 'ssm:GetParameter', Resource: `arn:aws:ssm:${region}:${account}:parameter${SCRIPT_PARAMETER}` },
        ...sessionAgent(account, region),
        ...pullStatements(atlantis.image),
      ],
    });
    return { Principal: { AWS: machine.arn }, Action: 'sts:AssumeRole' };
  }

  /** Google's number of the machine's service account, by which its tokens name it; no other account ever has it. */
  private googleAccount({ fleet: { infrastructure: { gcp: { project, region } } } }: StackContext): Statement {
    new GoogleProvider(this, 'google', { project, region });
    const { uniqueId } = new DataGoogleServiceAccount(this, 'machine', { project, accountId: ATLANTIS_NAME });
    // What Google calls `aud` is `oaud` here: AWS takes `azp`, the account's number, for `aud` where a token has it.
    return {
      Principal: { Federated: 'accounts.google.com' },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { 'accounts.google.com:sub': uniqueId, 'accounts.google.com:aud': uniqueId, 'accounts.google.com:oaud': FEDERATION_AUDIENCE.aws } },
    };
  }
}

/** To find a cluster's endpoint; what comes then is the cluster's. */
function connectStatement({ fleet: { clusters } }: StackContext): Statement[] {
  const eks = Object.values(clusters).filter((one): one is AwsCluster => one.cloud === 'aws');
  return eks.length === 0 ? [] : [{ Sid: 'Connect', Action: 'eks:DescribeCluster', Resource: eks.map(({ region, account, name }) => clusterArn(region, account, name)) }];
}

/**
 * From elsewhere than the management network: one port of one machine, by Session Manager. Who names no document gets a shell, unless the policy asks for the check
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html).
 */
function gatewayStatements({ fleet: { infrastructure: { home, aws: { account, management: { region } } } } }: StackContext): Statement[] {
  if (home.cloud === 'aws') return [];
  return [
    { Sid: 'Gateway', Action: 'ssm:StartSession', Resource: `arn:aws:ec2:${region}:${account}:instance/*`, Condition: { StringEquals: { 'ssm:resourceTag/Name': MANAGEMENT_GATEWAY }, BoolIfExists: { 'ssm:SessionDocumentAccessCheck': 'true' } } },
    { Sid: 'GatewayPort', Action: 'ssm:StartSession', Resource: `arn:aws:ssm:${region}::document/AWS-StartPortForwardingSession` },
    { Sid: 'GatewayData', Action: 'ssmmessages:OpenDataChannel', Resource: `arn:aws:ssm:${region}:${account}:session/*` },
    { Sid: 'FindGateway', Action: 'ec2:DescribeInstances', Resource: '*' },
  ];
}

/** Of an image in ECR, wherever its account is; none for another registry. */
function pullStatements(image: string): Statement[] {
  const ecr = inEcr(image);
  if (ecr === undefined) return [];
  const { account, region, repository } = ecr;
  return [
    { Sid: 'Login', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    { Sid: 'Pull', Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'], Resource: `arn:aws:ecr:${region}:${account}:repository/${repository}` },
  ];
}
