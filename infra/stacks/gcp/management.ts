import { ComputeAddress } from '@cdktf/provider-google/lib/compute-address';
import { ComputeNetwork } from '@cdktf/provider-google/lib/compute-network';
import { ComputeRouter } from '@cdktf/provider-google/lib/compute-router';
import { ComputeRouterNat } from '@cdktf/provider-google/lib/compute-router-nat';
import { ComputeSubnetwork } from '@cdktf/provider-google/lib/compute-subnetwork';
import type { Construct } from 'constructs';
import { MANAGEMENT_NETWORK } from '../../../naming/clouds';
import { GcpStack } from '../stack';
import type { StackContext } from '../../context';

/**
 * The network that Atlantis runs in. It reaches GKE's control planes by their DNS endpoints, through Google's own network, and EKS' from the
 * fixed address here. Nothing is let in: no firewall rule allows anything, and a VPC denies the rest.
 */
export class GcpManagementStack extends GcpStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { project, management } = context.fleet.infrastructure.gcp;
    const { region, range } = management;
    super(scope, id, context, { project, region });
    const network = new ComputeNetwork(this, 'network', { project, name: MANAGEMENT_NETWORK, autoCreateSubnetworks: false, routingMode: 'GLOBAL' });
    const subnet = new ComputeSubnetwork(this, 'subnet', {
      project,
      name: MANAGEMENT_NETWORK,
      network: network.id,
      region,
      ipCidrRange: range,
      privateIpGoogleAccess: true,
      logConfig: { aggregationInterval: 'INTERVAL_1_MIN', flowSampling: 1, metadata: 'INCLUDE_ALL_METADATA' },
    });
    const address = new ComputeAddress(this, 'nat-address', { project, name: `${MANAGEMENT_NETWORK}-nat`, region, addressType: 'EXTERNAL', networkTier: 'PREMIUM', lifecycle: { preventDestroy: true } });
    const router = new ComputeRouter(this, 'router', { project, name: MANAGEMENT_NETWORK, network: network.id, region });
    new ComputeRouterNat(this, 'nat', {
      project,
      name: MANAGEMENT_NETWORK,
      router: router.name,
      region,
      natIpAllocateOption: 'MANUAL_ONLY',
      natIps: [address.selfLink],
      sourceSubnetworkIpRangesToNat: 'LIST_OF_SUBNETWORKS',
      subnetwork: [{ name: subnet.id, sourceIpRangesToNat: ['ALL_IP_RANGES'] }],
      minPortsPerVm: 1024,
      enableDynamicPortAllocation: false,
      enableEndpointIndependentMapping: false,
      logConfig: { enable: true, filter: 'ERRORS_ONLY' },
    });
  }
}
