import { DataGoogleClientConfig } from '@cdktf/provider-google/lib/data-google-client-config';
import { DataGoogleContainerCluster } from '@cdktf/provider-google/lib/data-google-container-cluster';
import { Fn } from 'cdktf';
import type { Construct } from 'constructs';
import { GATEKEEPER_NAMESPACE, MONITORING_NAMESPACE } from '../../../naming';
import { helmProvider, helmRelease } from '../../parts/helm-release';
import { mirrored } from '../../context/gcp';
import { GcpStack } from '../stack';
import type { ClusterContext, GcpCluster } from '../../context';

/**
 * What runs in the cluster for it, not for a node. Gatekeeper first, with the CRDs that its chart brings; what follows is the manifests
 * project's: templates, a wait until Gatekeeper made their kinds, constraints and the webhook, workloads (docs/runbooks/new-region.md).
 */
export class GcpAddOnsStack extends GcpStack {
  constructor(scope: Construct, id: string, context: ClusterContext<GcpCluster>) {
    super(scope, id, context, context.cluster);
    const { cluster, fleet } = context;
    const { charts } = fleet.infrastructure;
    const image = (of: string): string => mirrored(context, of);
    // Found by its name: the endpoint's host is the cloud's choice.
    const found = new DataGoogleContainerCluster(this, 'cluster', { name: cluster.name, project: cluster.project, location: cluster.region });
    const caller = new DataGoogleClientConfig(this, 'caller');
    const endpoint = found.controlPlaneEndpointsConfig.get(0).dnsEndpointConfig.get(0).endpoint;
    // The token lives an hour and is no part of the state. The DNS endpoint has a certificate of a public authority.
    const provider = helmProvider(this, { host: Fn.join('', ['https://', endpoint]), token: caller.accessToken });
    const gatekeeper = helmRelease(this, 'gatekeeper', {
      provider,
      chart: 'gatekeeper',
      version: charts.gatekeeper,
      namespace: GATEKEEPER_NAMESPACE,
      values: {
        image: { repository: image('docker.io/openpolicyagent/gatekeeper'), crdRepository: image('docker.io/openpolicyagent/gatekeeper-crds') },
        preInstall: { crdRepository: { image: { repository: image('docker.io/openpolicyagent/gatekeeper-crds') } } },
        postInstall: { labelNamespace: { image: { repository: image('docker.io/openpolicyagent/gatekeeper-crds') } } },
      },
    });
    const registry = (host: string): string => image(host);
    helmRelease(this, 'monitoring', {
      provider,
      chart: 'monitoring',
      version: charts.monitoring,
      namespace: MONITORING_NAMESPACE,
      values: {
        prometheusOperator: { image: { registry: registry('quay.io') }, prometheusConfigReloader: { image: { registry: registry('quay.io') } } },
        prometheus: { prometheusSpec: { image: { registry: registry('quay.io') } } },
        alertmanager: { alertmanagerSpec: { image: { registry: registry('quay.io') } } },
        'kube-state-metrics': { image: { registry: registry('registry.k8s.io') } },
        'prometheus-node-exporter': { image: { registry: registry('quay.io') } },
      },
      // What it brings is judged like everything else.
      dependsOn: [gatekeeper],
    });
  }
}
