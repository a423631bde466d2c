import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { chartValues } from '../../infra/parts/helm-release';
import { gkeClusters } from '../../infra/context/gcp';
import { GATEKEEPER_NAMESPACE, GATEKEEPER_WEBHOOK, MONITORING_NAMESPACE, MONITORING_POD_LABELS, networkNamespace, storageClassName } from '../../naming';
import { exampleStacks, type Attributes } from './stacks';

const stacks = exampleStacks();
const { infrastructure, clusters, networks } = stacks.context.fleet;
const gatekeeper = load(chartValues('gatekeeper')) as Attributes;
const monitoring = load(chartValues('monitoring')) as Attributes;

/** The chart in the module that the live suite builds Gatekeeper of; nothing is downloaded here. */
const module = (): string | undefined => {
  const { stdout, status } = spawnSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' });
  const folder = status === 0 ? join(stdout.trim(), 'github.com', 'open-policy-agent', 'gatekeeper', `v3@v${infrastructure.charts.gatekeeper}`, 'charts', 'gatekeeper') : '';
  return existsSync(join(folder, 'values.yaml')) ? folder : undefined;
};
const chart = module();

describe('values of Gatekeeper', () => {
  it('fails closed, sees deletions, and asks about staking namespaces only', () => {
    expect(gatekeeper).toMatchObject({ validatingWebhookFailurePolicy: 'Fail', validatingWebhookCheckIgnoreFailurePolicy: 'Fail', enableDeleteOperations: true });
    const conditions = (gatekeeper['validatingWebhookMatchConditions'] as Attributes[]).map(({ expression }) => expression as string);
    expect(conditions.some((expression) => expression.includes("request.namespace.startsWith('staking-')"))).toBe(true);
    expect(networkNamespace('x')).toMatch(/^staking-/);
    expect(Object.keys(networks).length).toBeGreaterThan(0);
  });

  it('runs three replicas with a budget, never two on a machine, and the system pools have machines for them', () => {
    expect(gatekeeper['replicas']).toBe(3);
    expect(gatekeeper['pdb'].controllerManager.minAvailable).toBe(2);
    const [term] = gatekeeper['controllerManager'].affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution as Attributes[];
    expect(term!['topologyKey']).toBe('kubernetes.io/hostname');
    for (const { zones, cloud } of Object.values(clusters)) expect(zones.length * infrastructure[cloud].systemPool.machinesPerZone).toBeGreaterThanOrEqual(3);
  });

  it('renews the certificate of our own webhook configuration, and changes nothing on its way in', () => {
    expect(gatekeeper['additionalValidatingWebhookConfigsToRotateCerts']).toEqual([GATEKEEPER_WEBHOOK]);
    expect(gatekeeper['disableMutation']).toBe(true);
  });

  it.skipIf(chart === undefined)(`has only keys that the chart knows${chart === undefined ? ' (skipped: the module of test/cluster/go/gatekeeper is not in the module cache)' : ''}`, () => {
    const known = load(readFileSync(join(chart!, 'values.yaml'), 'utf8'));
    const onGke = gkeClusters(clusters).flatMap(({ name }) => releases(name).filter((release) => release['chart'] === 'gatekeeper').flatMap((release) => (release['values'] as string[]).map((text) => load(text))));
    expect(onGke.length).toBeGreaterThan(1);
    for (const values of [gatekeeper, ...onGke]) expect(unknownKeys(values, known)).toEqual(TEMPLATES_ONLY.filter((key) => key in (values as object)));
    // Keys that stand in no values file are read by the templates all the same.
    const deployment = readFileSync(join(chart!, 'templates', 'gatekeeper-controller-manager-deployment.yaml'), 'utf8');
    for (const key of TEMPLATES_ONLY) expect(deployment).toContain(`.Values.${key}`);
  });

  it('notices a key that the chart doesn\'t know', () => {
    expect(unknownKeys({ replicas: 3, pdb: { controlerManager: {} }, x: 1 }, { replicas: 1, pdb: { controllerManager: {} } })).toEqual(['pdb.controlerManager', 'x']);
  });
});

describe('values of the monitoring stack', () => {
  it('labels Prometheus as the pods\' policies let it in', () => {
    expect(monitoring['prometheus'].prometheusSpec.podMetadata.labels).toMatchObject(MONITORING_POD_LABELS);
  });

  it('keeps its data on a class that the platform makes', () => {
    expect(monitoring['prometheus'].prometheusSpec.storageSpec.volumeClaimTemplate.spec.storageClassName).toBe(storageClassName('scratch'));
  });
});

describe.each(gkeClusters(clusters))('add-ons of GKE cluster $name', ({ name }) => {
  it('are releases of pinned versions, with the values of the repository', () => {
    expect(releases(name).map(({ chart: of, version, namespace, values }) => [of, version, namespace, (values as string[])[0]])).toEqual([
      ['gatekeeper', infrastructure.charts.gatekeeper, GATEKEEPER_NAMESPACE, chartValues('gatekeeper')],
      ['kube-prometheus-stack', infrastructure.charts.monitoring, MONITORING_NAMESPACE, chartValues('monitoring')],
    ]);
  });

  it('are whole or not there, and waited for: Gatekeeper first', () => {
    for (const release of releases(name)) expect(release).toMatchObject({ atomic: true, wait: true, create_namespace: true });
    expect(releases(name)[1]!['depends_on']).toEqual(['helm_release.gatekeeper']);
  });

  it('run images of the mirror', () => {
    const text = JSON.stringify(releases(name).map(({ values }) => (values as string[])[1]));
    expect(text).toContain(`${infrastructure.gcp.imageMirror.location}-docker.pkg.dev/${infrastructure.gcp.project}/staking-docker-io/openpolicyagent/gatekeeper`);
    expect(text).not.toMatch(/"(docker\.io|quay\.io|registry\.k8s\.io)/);
  });

  it('reach the control plane by its DNS endpoint, with a token that no state keeps', () => {
    const [helm] = stacks.stack(`${name}-add-ons`).provider['helm']!;
    expect(helm!['kubernetes'].host).toContain('dns_endpoint_config');
    expect(helm!['kubernetes'].token).toBe('${data.google_client_config.caller.access_token}');
    expect(Object.keys(stacks.stack(`${name}-add-ons`).output ?? {})).toEqual([]);
  });
});

function releases(cluster: string): readonly Attributes[] {
  return ['gatekeeper', 'monitoring'].map((release) => stacks.stack(`${cluster}-add-ons`).resource!['helm_release']![release]!);
}

/** Read by the chart's templates, and set in no values file of its. */
const TEMPLATES_ONLY = ['additionalValidatingWebhookConfigsToRotateCerts'];

/** Below these a chart takes what Kubernetes takes. */
const FREE = ['controllerManager.affinity', 'controllerManager.topologySpreadConstraints', 'audit.resources', 'validatingWebhookMatchConditions'];

function unknownKeys(values: unknown, known: unknown, path = ''): string[] {
  if (FREE.includes(path) || values === null || typeof values !== 'object' || Array.isArray(values)) return [];
  return Object.entries(values).flatMap(([key, value]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return known !== null && typeof known === 'object' && key in known ? unknownKeys(value, (known as Record<string, unknown>)[key], at) : [at];
  });
}
