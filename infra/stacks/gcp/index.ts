import type { Construct } from 'constructs';
import type { TerraformStack } from 'cdktf';
import type { ClusterStackKind, FleetStackKind } from '../../../naming/clouds';
import type { ClusterContext, GcpCluster, StackContext } from '../../context';
import { GcpAddOnsStack } from './add-ons';
import { GcpAtlantisStack } from './atlantis';
import { GcpAutomationStack } from './automation';
import { GcpBootstrapStack } from './bootstrap';
import { GcpClusterStack } from './cluster';
import { GcpFoundationStack } from './foundation';
import { GcpIdentitiesStack } from './identities';
import { GcpManagementStack } from './management';
import { GcpNetworkStack } from './network';
import { GcpSecretManagerStack } from './secret-manager';
import { GcpSnapshotsStack } from './snapshots';
import { GcpStorageStack } from './storage';

export const GCP_FLEET_STACKS: Readonly<Record<FleetStackKind, new (scope: Construct, id: string, context: StackContext) => TerraformStack>> = {
  bootstrap: GcpBootstrapStack,
  foundation: GcpFoundationStack,
  management: GcpManagementStack,
  snapshots: GcpSnapshotsStack,
  identities: GcpIdentitiesStack,
  automation: GcpAutomationStack,
  'secret-manager': GcpSecretManagerStack,
  atlantis: GcpAtlantisStack,
};

export const GCP_CLUSTER_STACKS: Readonly<Record<ClusterStackKind, new (scope: Construct, id: string, context: ClusterContext<GcpCluster>) => TerraformStack>> = {
  network: GcpNetworkStack,
  storage: GcpStorageStack,
  cluster: GcpClusterStack,
  'add-ons': GcpAddOnsStack,
};
