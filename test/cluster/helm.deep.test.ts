import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dump, load, loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { nativeName } from '../../apps/policies';
import { catalogue } from '../../chains';
import type { Manifest } from '../../constructs/manifest';
import type { Api, LiveObject } from './api';
import { quotasKnown, renderExample, type Example } from './example';
import { reachableHere, runGatekeeper } from './gatekeeper';
import { until } from './machines';
import { policiesOf, untilInForce } from './policies';
import { describeCluster, useControlPlane } from './suite';
import { changesOf } from './unchanged';

const { fleet } = checkFleetFolder(join(__dirname, '..', '..', 'fleet'), catalogue);
/** Where the releases of charts are kept that belong to no network. */
const RELEASES = 'kube-system';

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `synth --format helm` writes, installed by Helm itself; Gatekeeper and the native policies are in force as soon as their charts are there. */
describe.each(['gke-europe-west1', 'eks-eu-central-1'])('the charts of %s', (name) => {
  const cluster = fleet!.clusters[name]!;

  describeCluster('by Helm', () => {
    const controlPlane = useControlPlane({ serviceRange: cluster.ranges.services });
    let example: Example;
    let scratch: string;
    let admin: Api;
    let kubeconfig: string;
    let charts: string[];

    const chartOf = (chart: string): string => join(example.folder, name, chart);
    const namespaceOf = (chart: string): string => (chart.startsWith('staking-') ? chart : RELEASES);
    const helm = async (as: string, ...args: string[]): Promise<Said> => {
      const env = { ...process.env, KUBECONFIG: as, HELM_CACHE_HOME: join(scratch, 'cache'), HELM_CONFIG_HOME: join(scratch, 'config'), HELM_DATA_HOME: join(scratch, 'data') };
      return promisify(execFile)(inject('binaries').helm, [...args, '--qps=500', '--burst-limit=1000'], { env, maxBuffer: 1 << 26 }).then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        (error: unknown) => {
          const { code, stdout, stderr } = error as Said;
          return { code, stdout, stderr };
        },
      );
    };
    // Gatekeeper's namespace was made with Gatekeeper, and on EKS the platform has it too: Helm is told that it may take over what is there.
    const release = (verb: 'install' | 'upgrade', chart: string, folder = chartOf(chart)): Promise<Said> =>
      helm(kubeconfig, verb, chart, folder, '--namespace', namespaceOf(chart), ...(chart === 'platform' ? ['--take-ownership'] : []));
    /** What Helm says that it applied for a chart. */
    const manifestsOf = async (chart: string): Promise<Manifest[]> => loadAll((await helm(kubeconfig, 'get', 'manifest', chart, '--namespace', namespaceOf(chart))).stdout).filter(Boolean) as Manifest[];
    /** Every object of every release as the API server has it, by its path. */
    const liveObjects = async (): Promise<Record<string, LiveObject>> => {
      const manifests = (await Promise.all(charts.map(manifestsOf))).flat();
      const paths = await Promise.all(manifests.map((manifest) => admin.pathOf(manifest)));
      return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await admin.get(path)] as const)));
    };

    beforeAll(async () => {
      example = await renderExample(name, 'helm');
      scratch = mkdtempSync(join(tmpdir(), 'stockade-helm-'));
      admin = controlPlane().admin;
      kubeconfig = await controlPlane().kubeconfigFor('platform', { user: 'platform@example.com', groups: [...fleet!.settings.access.platform[cluster.cloud], 'system:masters'] });
      await runGatekeeper(controlPlane(), inject('binaries').gatekeeper);
      // Where Gatekeeper is reached is all that differs from what is rendered: here it is behind no Service.
      const webhook = join(chartOf('gatekeeper-constraints'), 'templates', 'webhook.yaml');
      writeFileSync(webhook, dump(reachableHere(controlPlane(), load(readFileSync(webhook, 'utf8')) as Manifest)));
      const networks = readdirSync(join(example.folder, name)).filter((chart) => chart.startsWith('staking-'));
      charts = ['platform', 'gatekeeper-templates', 'gatekeeper-constraints', ...networks];
    });
    afterAll(() => {
      example?.remove();
      if (scratch) rmSync(scratch, { recursive: true, force: true });
    });

    it('are all there is, each with its Chart.yaml', () => {
      expect(readdirSync(join(example.folder, name)).sort()).toEqual([...charts].sort());
      expect(charts.filter((chart) => !existsSync(join(chartOf(chart), 'Chart.yaml')))).toEqual([]);
      expect(charts.length).toBeGreaterThan(4);
    });

    it('are installed without a warning, by the identity that builds clusters', { timeout: 600_000 }, async () => {
      for (const chart of charts) {
        expect({ chart, ...(await release('install', chart)) }).toEqual({ chart, code: 0, stdout: expect.stringContaining('STATUS: deployed') as string, stderr: '' });
        if (chart === 'platform') await untilInForce(admin);
        if (chart === 'platform') await quotasKnown(admin);
        if (chart === 'gatekeeper-templates') await until('Gatekeeper made the kind of every template', () => kindsServed(admin, policiesOf(fleet!, name).gatekeeper.constraints));
      }
      const count = (await Promise.all(charts.map(async (chart) => (await manifestsOf(chart)).length))).reduce((sum, one) => sum + one, 0);
      expect(Object.keys(await liveObjects()).length).toBe(count);
    });

    it('have every pod of theirs admitted, at its namespace\'s level and within its quota, beside Helm\'s own Secrets', async () => {
      const wanted = (await admin.list<LiveObject & { spec: { replicas: number } }>('/apis/apps/v1/statefulsets')).reduce((sum, { spec }) => sum + spec.replicas, 0);
      const pods = async (): Promise<number> => (await admin.list('/api/v1/pods')).filter(({ metadata }) => metadata.namespace!.startsWith('staking-')).length;
      expect(wanted).toBeGreaterThan(0);
      await until(`${wanted} pods are there`, async () => (await pods()) === wanted);
    });

    it('change nothing when they are installed again', { timeout: 600_000 }, async () => {
      const before = await liveObjects();
      for (const chart of charts) expect({ chart, ...(await release('upgrade', chart)) }).toEqual({ chart, code: 0, stdout: expect.stringContaining('REVISION: 2') as string, stderr: '' });
      expect(changesOf(before, await liveObjects())).toEqual([]);
    });

    it('let nobody in who is not meant to, and no second signer for those who are', async () => {
      const network = charts.find((chart) => chart.startsWith('staking-'))!;
      const edited = join(scratch, network);
      cpSync(chartOf(network), edited, { recursive: true });
      const file = (readdirSync(join(edited, 'templates'), { recursive: true }) as string[]).map((path) => join(edited, 'templates', path)).find((path) => /^kind: StatefulSet$/m.test(path.endsWith('.yaml') ? readFileSync(path, 'utf8') : ''))!;
      const text = readFileSync(file, 'utf8');
      expect(text).toMatch(/^ {2}replicas: 1$/m);
      writeFileSync(file, text.replace(/^ {2}replicas: 1$/m, '  replicas: 2'));
      const before = await liveObjects();

      const refused = await release('upgrade', network, edited);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toMatch(new RegExp(`${nativeName('single-replica')}|single-replica`));
      expect(changesOf(before, await liveObjects())).toEqual([]);

      for (const [role, groups] of Object.entries({ deployer: fleet!.settings.access.deployers, operator: fleet!.settings.access.operators })) {
        const as = await controlPlane().kubeconfigFor(role, { user: `${role}@example.com`, groups: groups[cluster.cloud] });
        const { code, stderr } = await helm(as, 'upgrade', network, chartOf(network), '--namespace', network);
        expect([role, code, stderr]).toEqual([role, 1, expect.stringMatching(/secrets is forbidden/) as string]);
      }
      // The control: the same act with the chart as it was rendered.
      expect(await release('upgrade', network)).toMatchObject({ code: 0, stderr: '' });
    });
  });
});

async function kindsServed(admin: Api, constraints: readonly Manifest[]): Promise<boolean> {
  const replies = await Promise.all(constraints.map(({ apiVersion, kind }) => admin.request('GET', `/apis/${apiVersion}/${kind.toLowerCase()}`)));
  return replies.every(({ status }) => status === 200);
}
