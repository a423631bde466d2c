import type { Construct } from 'constructs';
import { DataAwsKmsAlias } from '@cdktf/provider-aws/lib/data-aws-kms-alias';
import { DataAwsSecurityGroup } from '@cdktf/provider-aws/lib/data-aws-security-group';
import { DataAwsSubnet } from '@cdktf/provider-aws/lib/data-aws-subnet';
import { DataAwsVpc } from '@cdktf/provider-aws/lib/data-aws-vpc';

/** What another stack made, found by the name that `naming/` gives it: never by that stack's state. */
export class Lookups {
  private readonly vpcs = new Map<string, DataAwsVpc>();

  constructor(private readonly scope: Construct) {}

  vpcId(name: string): string {
    const found = this.vpcs.get(name) ?? new DataAwsVpc(this.scope, `vpc-${name}`, { tags: { Name: name } });
    this.vpcs.set(name, found);
    return found.id;
  }

  subnetId(vpc: string, name: string): string {
    const found = this.scope.node.tryFindChild(`subnet-${name}`) as DataAwsSubnet | undefined;
    return (found ?? new DataAwsSubnet(this.scope, `subnet-${name}`, { vpcId: this.vpcId(vpc), tags: { Name: name } })).id;
  }

  securityGroupId(vpc: string, name: string): string {
    const found = this.scope.node.tryFindChild(`firewall-${name}`) as DataAwsSecurityGroup | undefined;
    return (found ?? new DataAwsSecurityGroup(this.scope, `firewall-${name}`, { vpcId: this.vpcId(vpc), name })).id;
  }

  keyArn(alias: string): string {
    const found = this.scope.node.tryFindChild(`key-${alias}`) as DataAwsKmsAlias | undefined;
    return (found ?? new DataAwsKmsAlias(this.scope, `key-${alias}`, { name: `alias/${alias}` })).targetKeyArn;
  }
}
