import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { runSynth } from '../../apps/synth';
import { catalogue } from '../../chains';
import type { Fleet } from '../../model/types';
import { readTree, type Tree } from '../golden/trees';
import { validateObject } from '../kubernetes-schema';
import { ofKind, parseYaml, statefulSets, type RenderedClaim, type RenderedContainer, type RenderedObject, type RenderedService } from '../rendered';
import { ROOT } from './command';

/** Everything of one cluster. */
interface RenderedCluster {
  readonly name: string;
  readonly objects: readonly RenderedObject[];
}

let folder: string;
let fleet: Fleet;
let tree: Tree;
let clusters: RenderedCluster[];
let exitCode: number;
let said = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stockade-example-'));
  const stream = { write: (text: string) => (said += text) };
  exitCode = await runSynth({ fleet: join(ROOT, 'fleet'), out: join(folder, 'dist'), format: 'plain' }, { stdout: stream, stderr: stream });
  fleet = checkFleetFolder(join(ROOT, 'fleet'), catalogue).fleet!;
  tree = readTree(join(folder, 'dist'));
  clusters = Object.keys(fleet.clusters).map((name) => ({
    name,
    objects: [...tree].filter(([path]) => path.startsWith(`${name}/`)).flatMap(([, text]) => parseYaml(text)),
  }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the example fleet', () => {
  it('renders without error, and every file of it is a cluster\'s', () => {
    expect(exitCode, said).toBe(0);
    const strays = [...tree.keys()].filter((path) => path !== '.stockade' && !clusters.some(({ name }) => path.startsWith(`${name}/`)));
    expect(strays).toEqual([]);
  });

  it('is one that an operator would recognize: clouds, regions, chains, mainnets and testnets, many nodes', () => {
    const regions = (cloud: string) => new Set(Object.values(fleet.clusters).filter((cluster) => cluster.cloud === cloud).map(({ region }) => region)).size;
    const used = [...new Set(fleet.nodes.map(({ network }) => network))].map((name) => fleet.networks[name]!);
    expect(regions('gcp')).toBeGreaterThanOrEqual(4);
    expect(regions('aws')).toBeGreaterThanOrEqual(4);
    expect([...new Set(used.map(({ chain }) => chain))].sort()).toEqual(['avalanche', 'cosmos', 'ethereum', 'polkadot', 'solana']);
    expect([...new Set(used.map(({ kind }) => kind))].sort()).toEqual(['mainnet', 'testnet']);
    expect(fleet.nodes.length).toBeGreaterThanOrEqual(60);
    expect(new Set(fleet.nodes.map(({ clients }) => JSON.stringify(clients))).size).toBeGreaterThanOrEqual(20);
  });

  it('is valid by the Kubernetes schema, every object of it', () => {
    const problems = clusters.flatMap(({ name, objects }) =>
      // Gatekeeper's own kinds are judged by a real API server with its definitions, in test/cluster.
      objects.filter(({ apiVersion }) => !apiVersion.includes('.gatekeeper.sh/')).flatMap((object) => validateObject(object).map((problem) => `${name}: ${object.kind} ${object.metadata?.name}: ${problem}`)),
    );
    expect(problems.slice(0, 10)).toEqual([]);
  });

  it('has the objects of every declared node in its cluster\'s folder', () => {
    for (const { name, network, cluster, state, clients } of fleet.nodes) {
      const files = [...tree.keys()].filter((path) => path.startsWith(`${cluster}/staking-${network}/${name}/`));
      const workloads = files.flatMap((path) => statefulSets(parseYaml(tree.get(path)!)));
      expect(workloads.map(({ spec }) => spec.replicas), `${cluster}/${name}`).toEqual(
        state === 'retired' ? [] : Object.keys(clients).map(() => (state === 'running' ? 1 : 0)),
      );
    }
  });

  it('names each object once per cluster, namespace and kind', () => {
    for (const { name, objects } of clusters) {
      const names = objects.map(({ apiVersion, kind, metadata }) => `${name}: ${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
      expect(names.filter((candidate, index) => names.indexOf(candidate) !== index)).toEqual([]);
    }
  });

  it('holds every namespace, PVC, ServiceAccount, ConfigMap, StorageClass and PriorityClass that something refers to', () => {
    for (const { name, objects } of clusters) {
      // Kubernetes makes kube-system itself; what the add-ons of EKS are let do stands in it.
      const known = new Set(['Namespace /kube-system', ...objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`)]);
      const wanted = [
        ...objects.flatMap(({ metadata }) => (metadata.namespace ? [`Namespace /${metadata.namespace}`] : [])),
        ...ofKind<RenderedClaim>(objects, 'PersistentVolumeClaim').map(({ spec }) => `StorageClass /${spec.storageClassName}`),
        ...statefulSets(objects).flatMap(({ metadata, spec: { template } }) => [
          `ServiceAccount ${metadata.namespace}/${template.spec.serviceAccountName}`,
          `PriorityClass /${template.spec.priorityClassName}`,
          ...template.spec.volumes.flatMap(({ persistentVolumeClaim, configMap }) => [
            ...(persistentVolumeClaim ? [`PersistentVolumeClaim ${metadata.namespace}/${persistentVolumeClaim.claimName}`] : []),
            ...(configMap ? [`ConfigMap ${metadata.namespace}/${configMap.name}`] : []),
          ]),
        ]),
      ];
      expect(wanted.length).toBeGreaterThan(50);
      expect([...new Set(wanted)].filter((reference) => !known.has(reference)), name).toEqual([]);
    }
  });

  it('mounts every PVC in one workload at most', () => {
    for (const { name, objects } of clusters) {
      const mounted = statefulSets(objects).flatMap(({ metadata, spec }) =>
        spec.template.spec.volumes.flatMap(({ persistentVolumeClaim }) => (persistentVolumeClaim ? [`${metadata.namespace}/${persistentVolumeClaim.claimName}`] : [])),
      );
      expect(mounted.filter((claim, index) => mounted.indexOf(claim) !== index), name).toEqual([]);
    }
  });
});

describe('the example tree holds nothing that it must not', () => {
  it('no Kubernetes Secret, and no reference to one', () => {
    for (const { objects } of clusters) {
      expect(ofKind(objects, 'Secret')).toEqual([]);
      // Policies name what they refuse.
      const rendered = objects.filter(({ kind }) => kind !== 'ValidatingAdmissionPolicy' && kind !== 'ConstraintTemplate');
      expect(JSON.stringify(rendered)).not.toMatch(/secretKeyRef|secretRef|"secretName"|imagePullSecrets/);
    }
  });

  it('no private key: no PEM, no keystore, no Solana keypair, no CometBFT key file', () => {
    for (const [path, text] of tree) {
      expect(text, path).not.toMatch(/PRIVATE KEY|ciphertext|priv_key"|PrivKey|mnemonic/);
      expect(text, path).not.toMatch(/\[\s*(\d{1,3}\s*,\s*){63}\d{1,3}\s*\]/);
      expect(text, path).not.toMatch(/\b[1-9A-HJ-NP-Za-km-z]{86,88}\b/);
    }
  });

  it('no 32 bytes of hexadecimal but those that the fleet declares in public, such as checksums', () => {
    const declared = JSON.stringify([fleet.networks, fleet.nodes]);
    const unknown = [...tree].flatMap(([path, text]) => (text.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/gi) ?? []).filter((hex) => !declared.includes(hex)).map((hex) => `${path}: ${hex}`));
    expect(unknown).toEqual([]);
  });

  it('no path of this machine and no time stamp', () => {
    for (const [path, text] of tree) {
      for (const mine of [ROOT, folder, tmpdir() === '/tmp' ? '/tmp/stockade' : tmpdir(), homedir() === '/' ? ROOT : `${homedir()}/`]) expect(text.includes(mine), `${path} holds ${mine}`).toBe(false);
      expect(text, path).not.toMatch(/\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d/);
    }
  });

  it('no line end but LF, and one at the end of every file', () => {
    for (const [path, text] of tree) {
      expect(text.includes('\r'), path).toBe(false);
      expect(text.endsWith('\n') && !text.endsWith('\n\n'), path).toBe(true);
    }
  });
});

describe('quota of the example fleet\'s namespaces', () => {
  it('is what the tree adds up to, counted without the code that made it', () => {
    let namespaces = 0;
    for (const { name, objects } of clusters) {
      for (const quota of ofKind(objects, 'ResourceQuota')) {
        namespaces += 1;
        const { hard } = quota.spec as { hard: Record<string, string> };
        const needed = needs(objects.filter(({ metadata }) => metadata.namespace === quota.metadata.namespace));
        const actual = Object.fromEntries(Object.keys(needed).map((resource) => [resource, hard[resource] === undefined ? undefined : quantity(hard[resource])]));
        expect(actual, `${name} ${quota.metadata.namespace}`).toEqual(needed);
        for (const [resource, limit] of Object.entries(hard).filter(([key]) => key.startsWith('count/') && key !== 'count/statefulsets.apps')) expect(limit, resource).toBe('0');
      }
    }
    expect(namespaces).toBe(new Set(fleet.nodes.map(({ cluster, network }) => `${cluster}/${network}`)).size);
  });
});

/** What a namespace takes, by the names that a ResourceQuota has for it. Bytes and cores. */
function needs(objects: readonly RenderedObject[]): Record<string, number> {
  const workloads = statefulSets(objects).filter(({ spec }) => spec.replicas > 0);
  const pods = workloads.flatMap(({ spec }) => Array.from({ length: spec.replicas }, () => spec.template.spec));
  const claims = ofKind<RenderedClaim>(objects, 'PersistentVolumeClaim');
  const exposed = ofKind<RenderedService>(objects, 'Service').filter(({ spec }) => spec.type === 'LoadBalancer' || spec.type === 'NodePort');
  const storage = (of: readonly RenderedClaim[]): number => sum(of.map(({ spec }) => quantity(spec.resources.requests.storage)));
  const classes = [...new Set(claims.map(({ spec }) => spec.storageClassName))];
  return {
    pods: pods.length,
    'requests.cpu': rounded(sum(pods.map((pod) => effective(pod, ({ resources }) => resources.requests['cpu'])))),
    'requests.memory': sum(pods.map((pod) => effective(pod, ({ resources }) => resources.requests['memory']))),
    'limits.memory': sum(pods.map((pod) => effective(pod, ({ resources }) => resources.limits['memory']))),
    'count/statefulsets.apps': statefulSets(objects).length,
    persistentvolumeclaims: claims.length,
    'requests.storage': storage(claims),
    'services.loadbalancers': exposed.filter(({ spec }) => spec.type === 'LoadBalancer').length,
    // A load balancer's ports take node ports too, unless it says that they don't.
    'services.nodeports': sum(exposed.filter(({ spec }) => (spec as { allocateLoadBalancerNodePorts?: boolean }).allocateLoadBalancerNodePorts !== false).map(({ spec }) => spec.ports.length)),
    ...Object.fromEntries(
      classes.flatMap((name) => {
        const own = claims.filter(({ spec }) => spec.storageClassName === name);
        return [
          [`${name}.storageclass.storage.k8s.io/persistentvolumeclaims`, own.length],
          [`${name}.storageclass.storage.k8s.io/requests.storage`, storage(own)],
        ];
      }),
    ),
  };
}

/** What a pod counts for: its containers and sidecars, or an init container with the sidecars before it if that is more (KEP-753). */
function effective(pod: { readonly initContainers?: readonly RenderedContainer[]; readonly containers: readonly RenderedContainer[] }, of: (container: RenderedContainer) => string | undefined): number {
  const amount = (container: RenderedContainer): number => quantity(of(container) ?? '0');
  let sidecars = 0;
  let most = 0;
  for (const container of pod.initContainers ?? []) {
    if (container.restartPolicy === 'Always') sidecars += amount(container);
    most = Math.max(most, sidecars + (container.restartPolicy === 'Always' ? 0 : amount(container)));
  }
  return Math.max(most, sidecars + sum(pod.containers.map(amount)));
}

const UNITS: Readonly<Record<string, number>> = { '': 1, m: 0.001, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

function quantity(text: string | number): number {
  const [, digits, unit = ''] = /^([\d.]+)([a-zA-Z]*)$/.exec(String(text)) ?? [];
  const factor = UNITS[unit];
  if (digits === undefined || factor === undefined) throw new Error(`${text} is no quantity that this test knows`);
  return rounded(Number(digits) * factor);
}

/** To a thousandth of a core, the finest that Kubernetes counts. */
const rounded = (amount: number): number => Math.round(amount * 1000) / 1000;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
