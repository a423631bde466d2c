import type { Construct } from 'constructs';
import type { TerraformStack } from 'cdktf';
import type { ClusterStackKind, FleetStackKind } from '../../../naming/clouds';
import type { ClusterContext, AwsCluster, StackContext } from '../stack';
import { AwsAddOnsStack } from './add-ons';
import { AwsBootstrapStack } from './bootstrap';
import { AwsClusterStack } from './cluster';
import { AwsFoundationStack } from './foundation';
import { AwsIdentitiesStack } from './identities';
import { AwsManagementStack } from './management';
import { AwsNetworkStack } from './network';
import { AwsSecretManagerStack } from './secret-manager';
import { AwsSnapshotsStack } from './snapshots';
import { AwsStorageStack } from './storage';

/** Atlantis' machine is made on Google Cloud alone. */
export const AWS_FLEET_STACKS: Readonly<Record<Exclude<FleetStackKind, 'atlantis'>, new (scope: Construct, id: string, context: StackContext) => TerraformStack>> = {
  bootstrap: AwsBootstrapStack,
  foundation: AwsFoundationStack,
  management: AwsManagementStack,
  snapshots: AwsSnapshotsStack,
  identities: AwsIdentitiesStack,
  'secret-manager': AwsSecretManagerStack,
};

export const AWS_CLUSTER_STACKS: Readonly<Record<ClusterStackKind, new (scope: Construct, id: string, context: ClusterContext<AwsCluster>) => TerraformStack>> = {
  network: AwsNetworkStack,
  storage: AwsStorageStack,
  cluster: AwsClusterStack,
  'add-ons': AwsAddOnsStack,
};
