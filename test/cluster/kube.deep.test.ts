import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { inPod } from '../../kube/in-pod';
import type { Kube } from '../../kube/kube';
import { fromKubeconfig } from '../../kube/kubeconfig';
import { catalogue } from '../../chains';
import { checkFleetFolder } from '../../model/check-folder';
import { kubeConforms, statefulSetsConform } from '../kube/conformance';
import { describeCluster, useControlPlane, useMachines } from './suite';

const CLUSTER = 'eks-eu-north-1';
const NAMESPACE = 'default';
const { fleet } = checkFleetFolder(join(__dirname, '..', '..', 'fleet'), catalogue);
const cluster = fleet!.clusters[CLUSTER]!;

/** What the fake cluster of the fast tests passes, the real API server and StatefulSet controller pass too: where they part, the fake is wrong. */
describeCluster('both ways to a real API server', () => {
  const controlPlane = useControlPlane({ serviceRange: cluster.ranges.services });
  useMachines(controlPlane, fleet!, CLUSTER);
  const mounted = mkdtempSync(join(tmpdir(), 'stockade-mounted-'));
  const ways: Record<string, Kube> = {};

  beforeAll(async () => {
    const { admin, url, authority } = controlPlane();
    ways['by a kubeconfig'] = fromKubeconfig({ kubeconfig: await controlPlane().kubeconfigFor('kube', { user: 'ana@example.com', groups: ['system:masters'] }), kubectl: inject('binaries').kubectl });
    await admin.call('POST', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'acts' } });
    await admin.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'acts' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [{ kind: 'ServiceAccount', name: 'acts', namespace: NAMESPACE }] });
    const { status } = await admin.call<{ status: { token: string } }>('POST', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/acts/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } });
    mkdirSync(mounted, { recursive: true });
    writeFileSync(join(mounted, 'token'), status.token, { mode: 0o600 });
    writeFileSync(join(mounted, 'ca.crt'), authority.certificate);
    const { hostname, port } = new URL(url);
    ways['from inside a pod'] = inPod({ folder: mounted, host: hostname, port });
  });
  afterAll(() => {
    for (const kube of Object.values(ways)) kube.close();
    rmSync(mounted, { recursive: true, force: true });
  });

  const template = (labels: Readonly<Record<string, string>>, mark: string): object => ({
    metadata: { labels, annotations: { mark } },
    spec: { tolerations: [{ operator: 'Exists' }], terminationGracePeriodSeconds: 1, containers: [{ name: 'client', image: 'example.com/client:1' }] },
  });

  describe.each(['by a kubeconfig', 'from inside a pod'])('%s', (way) => {
    kubeConforms(() => ({ kube: ways[way]!, namespace: NAMESPACE }));
    describe('stateful sets', () => statefulSetsConform(() => ({ kube: ways[way]!, namespace: NAMESPACE, template })));
  });
});
