import type { Construct } from 'constructs';
import type { TerraformStack } from 'cdktf';
import type { ClusterStackKind, FleetStackKind } from '../../../naming/clouds';
import type { ClusterContext, AwsCluster, StackContext } from '../../context';
import { AwsAddOnsStack } from './add-ons';
import { AwsAtlantisStack } from './atlantis';
import { AwsAutomationStack } from './automation';
import { AwsBootstrapStack } from './bootstrap';
import { AwsClusterStack } from './cluster';
import { AwsFoundationStack } from './foundation';
import { AwsIdentitiesStack } from './identities';
import { AwsManagementStack } from './management';
import { AwsNetworkStack } from './network';
import { AwsSecretManagerStack } from './secret-manager';
import { AwsSnapshotsStack } from './snapshots';
import { AwsStorageStack } from './storage';

export const AWS_FLEET_STACKS: Readonly<Record<FleetStackKind, new (scope: Construct, id: string, context: StackContext) => TerraformStack>> = {
  bootstrap: AwsBootstrapStack,
  foundation: AwsFoundationStack,
  management: AwsManagementStack,
  snapshots: AwsSnapshotsStack,
  identities: AwsIdentitiesStack,
  automation: AwsAutomationStack,
  'secret-manager': AwsSecretManagerStack,
  atlantis: AwsAtlantisStack,
};

export const AWS_CLUSTER_STACKS: Readonly<Record<ClusterStackKind, new (scope: Construct, id: string, context: ClusterContext<AwsCluster>) => TerraformStack>> = {
  network: AwsNetworkStack,
  storage: AwsStorageStack,
  cluster: AwsClusterStack,
  'add-ons': AwsAddOnsStack,
};
