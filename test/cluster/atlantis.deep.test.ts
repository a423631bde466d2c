import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parse } from 'yaml';
import { checkFleetFolder } from '../../model/check-folder';
import { applyPlan } from '../../apps/deploy/apply';
import { fromKubeconfig } from '../../kube/kubeconfig';
import { planManifests } from '../../apps/deploy/plan';
import { readRendered } from '../../apps/deploy/rendered';
import type { Plan } from '../../apps/plan/model';
import { catalogue } from '../../chains';
import { parse as parseLock } from '../../model/keys/text';
import { LABELS } from '../../naming';
import { AUTOMATION_ACCESS, AUTOMATION_IDENTITIES, type AutomationIdentity } from '../../naming/clouds';
import { Checkout } from '../atlantis/checkout';
import { ROOT } from '../atlantis/fleets';
import { COLD } from '../warm';
import { AtlantisServer, missingPrograms, planFile, type PullRequest, type Ran } from '../atlantis/server';
import type { Api, LiveObject } from './api';
import { renderExample, type Example } from './example';
import { until, type PodObject } from './machines';
import { describeCluster, useControlPlane, useMachines } from './suite';
import { changesOf } from './unchanged';

const CLUSTER = 'eks-eu-north-1';
const NODES = `fleet/nodes/${CLUSTER}/cosmos-provider.yaml`;
const NODE = 'provider-en1a-full-0';
const { fleet } = checkFleetFolder(join(ROOT, 'fleet'), catalogue);
const cluster = fleet!.clusters[CLUSTER]!;
const obstacle = missingPrograms(['bwrap', 'bubblewrap'], ['openssl', 'openssl']);

type StatefulSet = LiveObject & { readonly spec: { readonly replicas: number; readonly template: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }; readonly spec: object } }; readonly status: { readonly observedGeneration: number; readonly readyReplicas?: number } };

/**
 * A pull request's manifests, through the steps that Atlantis' server runs: rendered in the sandbox, planned by the plan identity, applied by the two others, on a real API
 * server. Stand-ins are the cloud's command line alone, which says where the control plane is and gives each identity what it shows there.
 */
describeCluster(`a pull request that changes manifests of ${CLUSTER}`, () => {
  describe.skipIf(obstacle !== undefined)(`as Atlantis runs it${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
    const controlPlane = useControlPlane({ serviceRange: cluster.ranges.services });
    useMachines(controlPlane, fleet!, CLUSTER);
    const folder = mkdtempSync(join(tmpdir(), 'stockade-pull-request-'));
    const programs = join(folder, 'programs');
    const log = join(folder, 'cloud.log');
    const repository = new Checkout(join(folder, 'checkout'));
    const project = { name: `${CLUSTER}-manifests`, dir: `infra/projects/${CLUSTER}-manifests`, workflow: 'manifests' };
    const server = new AtlantisServer(
      {
        HOME: join(folder, 'home'),
        STOCKADE_HOME: ROOT,
        STOCKADE_STATE: join(folder, 'state'),
        STOCKADE_GITHUB: join(ROOT, 'test/atlantis/github-stand-in'),
        STOCKADE_CLOUD: 'aws',
        STOCKADE_GCP_PROJECT: 'example-staking-prod',
        STOCKADE_GCP_PROJECT_NUMBER: '123456789012',
        STOCKADE_AWS_ACCOUNT: cluster.cloud === 'aws' ? cluster.account : '',
        STOCKADE_MANIFESTS_OPTIONS: '--without-gatekeeper',
        ...COLD,
      },
      [programs],
    );
    let example: Example;
    let admin: Api;
    let change: PullRequest;

    const file = (): string => planFile(change, project.name, project.dir);
    const plan = (of = change): Ran => server.project(of, 'plan', project);
    const apply = (of = change): Ran => server.project(of, 'apply', project);
    /** Who asked the cloud what, since this was last asked. */
    const asked = (): string[] => {
      const lines = readFileSync(log, 'utf8').split('\n').filter((line) => line !== '');
      writeFileSync(log, '');
      return [...new Set(lines)].sort();
    };
    const statefulSets = (): Promise<StatefulSet[]> => admin.list<StatefulSet>('/apis/apps/v1/statefulsets');
    const byName = async (): Promise<Record<string, StatefulSet>> => Object.fromEntries((await statefulSets()).map((one) => [one.metadata.name, one]));
    const ours = async (): Promise<StatefulSet> => (await statefulSets()).find(({ metadata }) => metadata.labels?.[LABELS.node] === NODE)!;
    const settled = (): Promise<void> =>
      until('every StatefulSet has its pods ready', async () => (await statefulSets()).every(({ metadata, spec, status }) => status.observedGeneration === metadata.generation && (status.readyReplicas ?? 0) === spec.replicas));
    const lives = async (): Promise<string[]> => (await admin.list<PodObject>(`/api/v1/pods?labelSelector=${LABELS.node}`)).map(({ metadata }) => `${metadata.name} ${metadata.uid}`).sort();
    const withGasPrice = (name: string, price: string): PullRequest =>
      repository.branch(name, () => {
        const text = readFileSync(join(repository.folder, NODES), 'utf8');
        expect(text).toContain('minimumGasPrices: 0.005uatom');
        repository.write(NODES, text.replace('minimumGasPrices: 0.005uatom', `minimumGasPrices: ${price}`));
      });

    /** The cloud's command line, as far as it is asked here: each identity shows the API server a certificate of its own. */
    const standInForTheCloud = async (): Promise<void> => {
      mkdirSync(programs);
      mkdirSync(join(folder, 'home'));
      writeFileSync(log, '');
      symlinkSync(inject('binaries').kubectl, join(programs, 'kubectl'));
      let described = '';
      for (const identity of AUTOMATION_IDENTITIES) {
        const { clusters, users } = parse(readFileSync(await subject(identity), 'utf8')) as {
          clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
          users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
        };
        const [{ cluster: endpoint }] = clusters;
        const [{ user }] = users;
        described = JSON.stringify({ cluster: { endpoint: endpoint.server, certificateAuthority: { data: endpoint['certificate-authority-data'] } } });
        const decoded = (data: string): string => Buffer.from(data, 'base64').toString('utf8');
        const status = { clientCertificateData: decoded(user['client-certificate-data']), clientKeyData: decoded(user['client-key-data']) };
        writeFileSync(join(folder, `${identity}.json`), JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1beta1', kind: 'ExecCredential', status }));
      }
      writeFileSync(join(folder, 'described.json'), described);
      writeFileSync(join(programs, 'aws'), `#!/bin/bash\necho "$AWS_PROFILE $1 $2" >>${log}\ncase "$2" in describe-cluster) cat ${folder}/described.json;; get-token) cat "${folder}/$AWS_PROFILE.json";; *) exit 1;; esac\n`);
      chmodSync(join(programs, 'aws'), 0o755);
    };
    const subject = (identity: AutomationIdentity): Promise<string> => {
      const groups = fleet!.settings.access[AUTOMATION_ACCESS[identity]].aws;
      // What builds clusters is their administrator by EKS' own access policy.
      return controlPlane().kubeconfigFor(identity, { user: `stockade-${identity}`, groups: identity === 'apply' ? [...groups, 'system:masters'] : groups });
    };

    beforeAll(async () => {
      admin = controlPlane().admin;
      example = await renderExample(CLUSTER);
      await standInForTheCloud();
      const platform = fromKubeconfig({ kubeconfig: await subject('apply'), kubectl: inject('binaries').kubectl });
      const declared = { journal: parseLock(readFileSync(join(ROOT, 'fleet/keys.lock'), 'utf8')).entries, fleet: fleet! };
      const first = await planManifests(platform, readRendered(join(example.folder, CLUSTER)), { cluster: CLUSTER, declared, head: 'f'.repeat(40), withoutGatekeeper: true });
      await applyPlan(first, { platform, deployer: platform, declared, say: () => undefined, timeoutSeconds: 240 });
      platform.close();
      await settled();
      repository.init();
    });
    afterAll(() => {
      example?.remove();
      rmSync(folder, { recursive: true, force: true });
    });

    it('is planned by the plan identity, which writes nothing', async () => {
      change = withGasPrice('gas', '0.01uatom');
      expect(server.hooks(change, 'plan')).toMatchObject({ code: 0 });
      const before = await byName();
      const { code, output } = plan();
      expect(output).toContain(NODE);
      expect(code).toBe(0);
      expect(asked()).toEqual(['plan eks describe-cluster', 'plan eks get-token']);
      expect(changesOf(before, await byName())).toEqual([]);
      const ofPlan = controlPlane().audit().filter(({ user, verb, requestURI }) => user.username === 'stockade-plan' && !['get', 'list', 'watch'].includes(verb) && !/access(reviews)?/i.test(requestURI));
      const isDryRun = ({ requestURI }: { readonly requestURI: string }): boolean => requestURI.includes('dryRun=All');
      expect(ofPlan.filter(isDryRun).length).toBeGreaterThan(10);
      expect(ofPlan.filter((one) => !isDryRun(one)).map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
    });

    it('is not applied from a plan that was tampered with, exchanged, or made of another commit', async () => {
      const [kept, seal] = [readFileSync(file()), readFileSync(`${file()}.seal`)];
      const refusal = (of = change): string => {
        const { code, output } = apply(of);
        expect(code).not.toBe(0);
        return output;
      };
      appendFileSync(file(), ' ');
      expect(refusal()).toContain(`the plan file is not the one that was planned for ${project.name}`);
      writeFileSync(file(), kept.toString('utf8').replaceAll('0.01uatom', '0.02uatom'));
      expect(refusal()).toContain('is not the one that was planned');
      writeFileSync(file(), kept);
      expect(refusal({ ...change, head: 'e'.repeat(40) })).toContain('is not the one that was planned');
      rmSync(`${file()}.seal`);
      expect(refusal()).toContain('is not the one that was planned');
      writeFileSync(`${file()}.seal`, seal);
      expect(asked()).toEqual([]);
      expect(JSON.stringify(await ours())).not.toContain('0.02uatom');
    });

    it('is applied from exactly that plan, by the two who may, and restarts nothing', async () => {
      const [before, running] = [await ours(), await lives()];
      const { code, output } = apply();
      expect(output).toContain('No running pod was replaced.');
      expect(code).toBe(0);
      expect(asked()).toEqual(['apply eks describe-cluster', 'apply eks get-token', 'deploy eks describe-cluster', 'deploy eks get-token']);
      expect((await ours()).spec.template).not.toEqual(before.spec.template);
      expect(await lives()).toEqual(running);
      // Of nodes the deployer wrote; of what bounds them, who builds clusters.
      const wrote = new Set(controlPlane().audit().filter(({ user, verb, requestURI }) => user.username.startsWith('stockade-') && verb === 'patch' && /\/statefulsets\//.test(requestURI) && !/dryRun/.test(requestURI)).map(({ user }) => user.username));
      expect([...wrote].filter((name) => name !== 'stockade-apply')).toEqual(['stockade-deploy']);
    });

    it('is planned anew with nothing to do', () => {
      expect(plan()).toMatchObject({ code: 0, output: expect.stringContaining('No changes.') });
    });

    it('is refused without a plan that people can read, and where that refuses something of the cluster or of keys', () => {
      const kept = join(folder, 'state/plans', `${repository.git('rev-parse', `${change.head}^{tree}`)}.json`);
      const text = readFileSync(kept, 'utf8');
      const refusing = (more: object): string => JSON.stringify({ ...(JSON.parse(text) as Plan), findings: [{ section: 'volumes', risk: 'data loss', code: 'x', what: 'a disk goes', refused: true, next: 'keep it', count: 1, places: { [CLUSTER]: [NODE] }, ...more }] });
      const refusal = (content: string | undefined): string => {
        if (content === undefined) rmSync(kept);
        else writeFileSync(kept, content);
        asked();
        const { code, output } = plan();
        expect(code).not.toBe(0);
        return output;
      };
      expect(refusal(undefined)).toContain('there is no readable plan of this tree');
      expect(refusal(refusing({}))).toContain(`the plan of this change refuses: a disk goes (${CLUSTER}/${NODE})`);
      expect(refusal(refusing({ section: 'keys', places: { 'keys.lock': ['line 2'] } }))).toContain('the plan of this change refuses');
      // The controls: of another cluster it is nothing of this one, and the plan as it was lets it pass.
      writeFileSync(kept, refusing({ places: { 'gke-europe-west1': ['x'] } }));
      expect(plan()).toMatchObject({ code: 0 });
      writeFileSync(kept, text);
      expect(plan()).toMatchObject({ code: 0 });
    });

    it('is refused where it would have the server look for the cluster in an account of somebody else\'s', () => {
      const path = `fleet/clusters/${CLUSTER}.yaml`;
      const elsewhere = repository.branch('elsewhere', () => repository.write(path, readFileSync(join(repository.folder, path), 'utf8').replace('account: "111122223333"', 'account: "999988887777"')));
      // What was rendered before serves it: the fleet's own check would have refused the change.
      mkdirSync(join(folder, 'state/rendered'), { recursive: true });
      symlinkSync(join(folder, 'state/rendered', repository.git('rev-parse', `${change.head}^{tree}`)), join(folder, 'state/rendered', repository.git('rev-parse', 'HEAD^{tree}')));
      asked();
      const { code, output } = plan(elsewhere);
      expect(code).not.toBe(0);
      // By the first that reads the reviewed fleet; what `bin/kubeconfig` says of it is in test/atlantis/identities.test.ts.
      expect(output).toContain('999988887777');
      expect(asked()).toEqual([]);
    });
  });
});
