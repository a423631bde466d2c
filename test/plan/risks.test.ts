import { describe, expect, it } from 'vitest';
import { RISK_ORDER, type Risk } from '../../apps/plan/model';
import { codes, edited, GETH, golden, only, planOf, without, type Editable, type Files } from './trees';

const VALIDATOR = `${GETH}/validator.yaml`;
const EXECUTION = `${GETH}/execution.yaml`;
const CONSENSUS = `${GETH}/consensus.yaml`;
const DOT = 'gke-golden/staking-polkadot/dot-validator/relay.yaml';
const SENTRY = 'gke-golden/staking-provider/hub-sentry-0/node.yaml';

interface Case {
  readonly says: string;
  readonly change: (files: Files) => Files;
  /** What it starts from. @default - the golden tree */
  readonly from?: Files;
  readonly code: string;
  readonly risk: Risk;
  readonly section: string;
  readonly refused?: true;
  readonly what: RegExp;
}

const spec = (change: (of: Editable['spec']) => unknown) => (object: Editable) => change(object['spec']);
const pod = (change: (of: Editable['spec']) => unknown) => (object: Editable) => change((object['spec'] as { template: { spec: unknown } }).template.spec);
const inFile = (path: string, kind: string, change: (object: Editable) => unknown, name?: string) => (files: Files) => edited(files, path, kind, change, name);

/** A node of which only the disks are left. */
const retired = (files: Files, folder: string): Files => {
  let left = new Map([...files].filter(([path]) => path !== `${folder}/rbac.yaml`)) as Files;
  for (const component of ['execution', 'consensus', 'validator']) {
    const path = `${folder}/${component}.yaml`;
    for (const kind of ['ServiceAccount', 'ConfigMap', 'NetworkPolicy', 'PodDisruptionBudget', 'StatefulSet']) left = edited(left, path, kind, () => false);
    left = new Map(left).set(path, left.get(path)!.split(/^---\n/m).filter((text) => !text.includes('kind: Service\n')).join('---\n'));
  }
  return left;
};

const RETIRED = retired(golden, GETH);
const stopped = ['execution', 'consensus', 'validator'].reduce<Files>((files, component) => edited(files, `${GETH}/${component}.yaml`, 'StatefulSet', spec((of) => (of.replicas = 0))), golden);

/** The signer's first start is approved. */
const approved = (files: Files): Files => edited(files, VALIDATOR, 'ConfigMap', (object) => (object['data']['agent.json'] = object['data']['agent.json'].replace('"firstStart": false', '"firstStart": true')));

const CASES: readonly Case[] = [
  // Data loss
  { says: 'a storage class that changes', change: inFile(VALIDATOR, 'PersistentVolumeClaim', spec((of) => (of.storageClassName = 'stockade-scratch'))), code: 'volume-class-changed', risk: 'data loss', section: 'volumes', refused: true, what: /storageClassName of validator volume .* from "stockade-signing-state" to "stockade-scratch"/ },
  { says: 'a PVC that shrinks', change: inFile(EXECUTION, 'PersistentVolumeClaim', spec((of) => (of.resources.requests.storage = '1Gi'))), code: 'volume-shrunk', risk: 'data loss', section: 'volumes', refused: true, what: /would shrink from \S+ to 1Gi/ },
  { says: 'a PVC of another access mode', change: inFile(EXECUTION, 'PersistentVolumeClaim', spec((of) => (of.accessModes = ['ReadWriteMany']))), code: 'volume-field-changed', risk: 'data loss', section: 'volumes', refused: true, what: /accessModes/ },
  { says: 'a PVC that is renamed', change: inFile(VALIDATOR, 'PersistentVolumeClaim', (object) => (object.metadata.name = 'eth-gke-0-validator-state')), code: 'volume-renamed', risk: 'data loss', section: 'volumes', refused: true, what: /another name: that is a new, empty disk/ },
  { says: 'a PVC that is removed', change: inFile(VALIDATOR, 'PersistentVolumeClaim', () => false), code: 'volume-removed', risk: 'data loss', section: 'volumes', refused: true, what: /is removed while its node lives/ },
  { says: 'a running node that is deleted', change: (files) => without(files, `${GETH}/`), code: 'node-deleted', risk: 'data loss', section: 'nodes', refused: true, what: /running signer is deleted/ },
  { says: 'a retired node that is deleted', from: RETIRED, change: (files) => without(files, `${GETH}/`), code: 'node-deleted', risk: 'data loss', section: 'nodes', what: /its disks stay in the cluster, undeclared/ },
  { says: 'a zone that changes', change: inFile(EXECUTION, 'StatefulSet', pod((of) => (of.nodeSelector['topology.kubernetes.io/zone'] = 'europe-west1-c'))), code: 'zone-changed', risk: 'data loss', section: 'volumes', refused: true, what: /europe-west1-c, but its disks stay in europe-west1-b/ },
  { says: 'PVCs that go with their StatefulSet', change: inFile(EXECUTION, 'StatefulSet', spec((of) => (of.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete', whenScaled: 'Retain' }))), code: 'volumes-not-retained', risk: 'data loss', section: 'volumes', refused: true, what: /deleted with the StatefulSet/ },
  { says: 'a released disk that is deleted', change: inFile('gke-golden/platform/storage-classes.yaml', 'StorageClass', (object) => (object['reclaimPolicy'] = 'Delete'), 'stockade-signing-state'), code: 'storage-class-immutable', risk: 'data loss', section: 'policies', refused: true, what: /reclaimPolicy from "Retain" to "Delete"/ },
  { says: 'a namespace that goes', change: inFile('gke-golden/platform/00-namespaces.yaml', 'Namespace', () => false, 'staking-hoodi'), code: 'namespace-removed', risk: 'data loss', section: 'policies', what: /deleting it deletes every PVC/ },

  // Second signer
  { says: 'a second replica', change: inFile(VALIDATOR, 'StatefulSet', spec((of) => (of.replicas = 2))), code: 'more-than-one', risk: 'second-signer risk', section: 'nodes', refused: true, what: /2 replicas/ },
  { says: 'two workloads on one disk', change: inFile(CONSENSUS, 'StatefulSet', pod((of) => of.volumes.push({ name: 'x', persistentVolumeClaim: { claimName: 'eth-gke-0-validator-signing-state' } }))), code: 'disk-shared', risk: 'second-signer risk', section: 'volumes', refused: true, what: /consensus mounts the PVC "<node>-validator-signing-state" that <node>-validator mounts too/ },
  { says: "another node's disk", change: inFile('eks-golden/staking-hoodi/eth-eks-beacon/consensus.yaml', 'StatefulSet', pod((of) => of.volumes.push({ name: 'x', persistentVolumeClaim: { claimName: 'eth-eks-0-validator-signing-state' } }))), code: 'disk-shared', risk: 'second-signer risk', section: 'volumes', refused: true, what: /that eth-eks-0-validator mounts too/ },
  { says: 'a guard that goes', change: inFile(VALIDATOR, 'StatefulSet', pod((of) => (of.initContainers = of.initContainers.filter(({ name }: { name: string }) => name !== 'signing-state-guard')))), code: 'guard-removed', risk: 'second-signer risk', section: 'exceptions', what: /loses its signing-state-guard/ },
  { says: 'a policy that goes', change: (files) => without(files, 'gke-golden/platform/policies/single-replica.yaml'), code: 'guard-removed', risk: 'second-signer risk', section: 'policies', what: /is removed: what it refused/ },
  { says: 'a policy that only warns', change: inFile('gke-golden/platform/policies/hold.yaml', 'ValidatingAdmissionPolicyBinding', spec((of) => (of.validationActions = ['Warn']))), code: 'guard-softened', risk: 'second-signer risk', section: 'policies', what: /validationActions without Deny/ },
  { says: 'a policy of another meaning', change: inFile('gke-golden/platform/policies/hold.yaml', 'ValidatingAdmissionPolicy', spec((of) => (of.validations[0].expression = 'true'))), code: 'guard-changed', risk: 'second-signer risk', section: 'policies', what: /no program can tell/ },
  { says: 'a webhook that fails open', change: inFile('eks-golden/gatekeeper-constraints/webhook.yaml', 'ValidatingWebhookConfiguration', (object) => (object['webhooks'][0].failurePolicy = 'Ignore')), code: 'guard-softened', risk: 'second-signer risk', section: 'policies', what: /when .* is down/ },
  { says: 'a namespace without protection', change: inFile('gke-golden/platform/00-namespaces.yaml', 'Namespace', (object) => delete object.metadata.labels['stockade.dev/protection'], 'staking-hoodi'), code: 'namespace-protection', risk: 'second-signer risk', section: 'policies', what: /from "staking" to nothing/ },
  { says: 'programs\' namespace without protection', change: inFile('gke-golden/platform/00-namespaces.yaml', 'Namespace', (object) => delete object.metadata.labels['stockade.dev/protection'], 'stockade-system'), code: 'namespace-protection', risk: 'second-signer risk', section: 'policies', what: /from "system" to nothing/ },
  { says: 'a namespace that is protected from now on', from: edited(golden, 'gke-golden/platform/00-namespaces.yaml', 'Namespace', (object) => delete object.metadata.labels['stockade.dev/protection'], 'stockade-system'), change: () => golden, code: 'namespace-protection', risk: 'interrupting', section: 'policies', what: /from nothing to "system"/ },
  { says: 'a quota that lets Deployments in', change: inFile('gke-golden/platform/networks/hoodi.yaml', 'ResourceQuota', spec((of) => delete of.hard['count/deployments.apps'])), code: 'quota-opened', risk: 'second-signer risk', section: 'policies', what: /count\/deployments\.apps be unlimited/ },
  { says: 'a stopped signer that is started', from: stopped, change: () => golden, code: 'node-started', risk: 'second-signer risk', section: 'nodes', what: /stopped signer is started as soon as it is applied: its keys sign, from the signing state on its disk; where that is empty the guard stops it: its first start is not approved/ },
  { says: 'a new signer', from: without(golden, `${GETH}/`), change: () => golden, code: 'node-new', risk: 'second-signer risk', section: 'nodes', what: /new signer: its pods start as soon as it is applied, but the guard stops it: its first start is not approved/ },
  { says: 'a new signer whose first start is approved', from: without(golden, `${GETH}/`), change: () => approved(golden), code: 'node-new', risk: 'second-signer risk', section: 'nodes', what: /its pods start as soon as it is applied, and it signs: its first start is approved/ },
  { says: 'a new signer without a guard', from: without(golden, 'gke-golden/staking-polkadot/'), change: () => edited(golden, DOT, 'ConfigMap', (object) => (object['data']['agent.json'] = object['data']['agent.json'].replace('"guard"', '"unguarded"'))), code: 'node-new', risk: 'second-signer risk', section: 'nodes', what: /and it signs: nothing guards its first start/ },
  { says: 'a stopped signer whose first start is approved', from: stopped, change: () => approved(golden), code: 'node-started', risk: 'second-signer risk', section: 'nodes', what: /an empty disk is taken for the right one: its first start is approved/ },
  { says: 'a Secret', change: (files) => new Map(files).set('gke-golden/staking-hoodi/eth-gke-0/secret.yaml', 'apiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: staking-hoodi }\ndata: { key: aHVudGVyMg== }\n'), code: 'secret-rendered', risk: 'second-signer risk', section: 'exceptions', refused: true, what: /secrets are the secret manager's/ },

  // Interrupting
  { says: 'a StatefulSet that is not armed', change: inFile(EXECUTION, 'StatefulSet', spec((of) => (of.updateStrategy.rollingUpdate.partition = 0))), code: 'disarmed', risk: 'interrupting', section: 'interrupting', refused: true, what: /not armed/ },
  ...['selector', 'serviceName', 'podManagementPolicy', 'volumeClaimTemplates'].map(
    (field): Case => ({ says: `another ${field}`, change: inFile(EXECUTION, 'StatefulSet', spec((of) => (of[field] = field === 'selector' ? { matchLabels: { a: 'b' } } : field === 'volumeClaimTemplates' ? [{ metadata: { name: 'x' } }] : 'OrderedReady'))), code: 'stateful-set-immutable', risk: 'interrupting', section: 'interrupting', refused: true, what: new RegExp(`^${field} of the StatefulSet`) }),
  ),
  { says: 'a Service that selects other pods', change: inFile(SENTRY, 'Service', spec((of) => (of.selector['stockade.dev/node'] = 'other')), 'hub-sentry-0-node-sentry'), code: 'service-selector', risk: 'interrupting', section: 'interrupting', what: /selects other pods at once/ },
  { says: 'a port that a Service no longer serves', change: inFile(CONSENSUS, 'Service', spec((of) => (of.ports[0].targetPort = 9))), code: 'service-port', risk: 'interrupting', section: 'interrupting', what: /no longer serves 5052\/TCP/ },
  { says: 'a Service that goes', change: inFile(CONSENSUS, 'Service', () => false), code: 'service-removed', risk: 'interrupting', section: 'interrupting', what: /stops resolving/ },
  { says: 'a peer that is cut', change: inFile(CONSENSUS, 'NetworkPolicy', spec((of) => of.ingress.shift())), code: 'peer-removed', risk: 'interrupting', section: 'interrupting', what: /no longer allowed, at once: its validator may reach consensus at 5052\/TCP/ },
  { says: 'a NetworkPolicy that goes', change: inFile(CONSENSUS, 'NetworkPolicy', () => false), code: 'network-policy-removed', risk: 'interrupting', section: 'interrupting', what: /cut at once/ },
  { says: 'a range that is excepted', change: inFile(CONSENSUS, 'NetworkPolicy', spec((of) => of.egress.find(({ to }: { to: { ipBlock?: object }[] }) => to[0]?.ipBlock).to[0].ipBlock.except.push('8.8.8.0/24'))), code: 'range-cut', risk: 'interrupting', section: 'interrupting', what: /8\.8\.8\.0\/24 is excepted/ },
  { says: 'a quota that is lowered', change: inFile('gke-golden/platform/networks/hoodi.yaml', 'ResourceQuota', spec((of) => (of.hard.pods = '1'))), code: 'quota-lowered', risk: 'interrupting', section: 'interrupting', what: /pod that has to be made anew/ },
  { says: 'a ConfigMap changed in place', change: (files) => edited(edited(files, EXECUTION, 'ConfigMap', (object) => delete object['immutable']), EXECUTION, 'ConfigMap', (object) => (object['data']['agent.json'] = '{}')), from: edited(golden, EXECUTION, 'ConfigMap', (object) => delete object['immutable']), code: 'config-map-changed', risk: 'interrupting', section: 'interrupting', what: /in place/ },
  { says: 'an immutable ConfigMap that changes', change: inFile(EXECUTION, 'ConfigMap', (object) => (object['data']['agent.json'] = '{}')), code: 'config-map-immutable', risk: 'interrupting', section: 'interrupting', refused: true, what: /is immutable/ },
  { says: 'a ConfigMap that goes while a revision names it', from: edited(golden, EXECUTION, 'ConfigMap', (object) => delete object.metadata.annotations['helm.sh/resource-policy']), change: inFile(EXECUTION, 'ConfigMap', () => false), code: 'config-map-removed', risk: 'interrupting', section: 'interrupting', what: /which the running revision names/ },
  { says: 'a signer whose budget is lifted', change: inFile(VALIDATOR, 'PodDisruptionBudget', spec((of) => (of.maxUnavailable = 1))), code: 'budget-changed', risk: 'interrupting', section: 'interrupting', what: /maxUnavailable .* from "0" to "1"/ },
  { says: 'a node that is stopped', change: () => stopped, code: 'node-stopped', risk: 'interrupting', section: 'nodes', what: /running signer is declared stopped: applying this does not stop it: an operator stops it first/ },
  { says: 'a stopped signer that is retired', from: stopped, change: () => RETIRED, code: 'node-retired', risk: 'interrupting', section: 'nodes', what: /stopped signer is retired: nothing removes its workload, which stays at zero replicas until break-glass deletes it; its disks stay/ },
  { says: 'a signer that is retired while it runs', change: () => RETIRED, code: 'node-retired', risk: 'second-signer risk', section: 'nodes', refused: true, what: /running signer is retired while what is merged has it running/ },
  { says: 'a roleRef that changes', change: inFile(`${GETH}/rbac.yaml`, 'RoleBinding', (object) => (object['roleRef'].name = 'other')), code: 'right-lost', risk: 'permissions', section: 'permissions', what: /loses/ },

  // One-way
  { says: 'a PVC that grows', change: inFile(EXECUTION, 'PersistentVolumeClaim', spec((of) => (of.resources.requests.storage = '9Ti'))), code: 'volume-grown', risk: 'one-way', section: 'volumes', what: /grows from \S+ to 9Ti at once, without a restart/ },

  // Permissions
  { says: 'a group that may exec', change: inFile('gke-golden/platform/access.yaml', 'ClusterRole', (object) => object['rules'].push({ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }), 'stockade-viewer'), code: 'right-gained', risk: 'permissions', section: 'permissions', what: /Group \S+ gains create on pods\/exec/ },
  { says: 'a binding to a role of somebody else', change: (files) => new Map(files).set('gke-golden/platform/extra.yaml', 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: { name: x }\nroleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }\nsubjects: [{ kind: User, name: eve }]\n'), code: 'right-gained', risk: 'permissions', section: 'permissions', what: /User eve gains use on everything of ClusterRole "cluster-admin", which is not rendered here in the whole cluster/ },
  { says: 'a token in every container', change: inFile(EXECUTION, 'ServiceAccount', (object) => (object['automountServiceAccountToken'] = true)), code: 'token-mounted', risk: 'permissions', section: 'permissions', what: /gives its token/ },
  { says: 'an identity in the cloud', change: inFile(EXECUTION, 'ServiceAccount', (object) => (object.metadata.annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/x' })), code: 'cloud-identity', risk: 'permissions', section: 'permissions', what: /becomes arn:aws:iam/ },

  // Exposure
  { says: 'a port that a load balancer opens', change: inFile(SENTRY, 'Service', spec((of) => of.ports.push({ name: 'rpc', port: 26657, protocol: 'TCP', targetPort: 26657 })), 'hub-sentry-0-node-p2p'), code: 'port-opened', risk: 'exposure', section: 'ports', what: /opens 26657\/TCP to the outside/ },
  { says: 'a peer that may come in', change: inFile(VALIDATOR, 'NetworkPolicy', spec((of) => of.ingress.push({ ports: [{ port: 1, protocol: 'TCP' }] }))), code: 'peer-added', risk: 'exposure', section: 'ports', what: /anybody may reach validator at 1\/TCP/ },
  { says: 'a range that is no longer excepted', change: inFile(CONSENSUS, 'NetworkPolicy', spec((of) => of.egress.find(({ to }: { to: { ipBlock?: object }[] }) => to[0]?.ipBlock).to[0].ipBlock.except.splice(4, 1))), code: 'range-opened', risk: 'exposure', section: 'ports', what: /169\.254\.0\.0\/16 is no longer excepted/ },
  { says: "the host's network", change: inFile(EXECUTION, 'StatefulSet', pod((of) => (of.hostNetwork = true))), code: 'weakened', risk: 'exposure', section: 'exceptions', what: /hostNetwork is on/ },

  // Hardening
  { says: 'a declared exception', change: inFile(EXECUTION, 'StatefulSet', (object) => (object.metadata.annotations['stockade.dev/exceptions'] = 'host-port (1): because')), code: 'exception-added', risk: 'hardening', section: 'exceptions', what: /host-port \(1\): because/ },
  { says: 'a weakening that nothing declares', change: inFile(EXECUTION, 'StatefulSet', pod((of) => (of.containers[0].securityContext.privileged = true))), code: 'weakened', risk: 'hardening', section: 'exceptions', what: /privileged of container client is on/ },
  { says: 'an image from elsewhere', change: inFile(EXECUTION, 'StatefulSet', pod((of) => (of.containers[0].image = 'evil.example.com/geth:v1.16.5'))), code: 'repository-changed', risk: 'hardening', section: 'exceptions', what: /from evil\.example\.com\/geth instead of registry\.example\.com\/geth/ },
  { says: 'a shorter grace', change: inFile(EXECUTION, 'StatefulSet', pod((of) => (of.terminationGracePeriodSeconds = 1))), code: 'grace-lowered', risk: 'hardening', section: 'exceptions', what: /gets 1 s/ },
  { says: 'a laxer Pod Security', change: inFile('gke-golden/platform/00-namespaces.yaml', 'Namespace', (object) => (object.metadata.labels['pod-security.kubernetes.io/enforce'] = 'privileged'), 'staking-hoodi'), code: 'pod-security', risk: 'hardening', section: 'exceptions', what: /from "restricted" to "privileged"/ },

  // Harmless
  { says: 'another ring', change: inFile(EXECUTION, 'StatefulSet', (object) => (object.metadata.labels['stockade.dev/ring'] = 'canary')), code: 'ring-changed', risk: 'harmless', section: 'other', what: /ring main to canary/ },
  { says: 'a quota that is raised', change: inFile('gke-golden/platform/networks/hoodi.yaml', 'ResourceQuota', spec((of) => (of.hard.pods = '100'))), code: 'quota-raised', risk: 'harmless', section: 'other', what: /raised \(pods\)/ },
];

describe('each risk', () => {
  it.each(CASES)('$risk: $says', ({ from = golden, change, code, risk, section, refused = false, what }) => {
    const plan = planOf(from, change(from));
    const found = plan.findings.filter((one) => one.code === code && what.test(one.what));
    expect(found, JSON.stringify(plan.findings, null, 1)).not.toHaveLength(0);
    expect(found[0]).toMatchObject({ risk, section, refused });
    if (refused) expect(found[0]!.next).toMatch(/\w/);
    expect(plan.refused).toBe(plan.findings.some((one) => one.refused));
    expect(plan.risks[risk]).toBeGreaterThan(0);
  });

  it('exposure: a default deny that goes', () => {
    const path = 'gke-golden/platform/network-policies.yaml';
    const text = golden.get(path)!;
    const less = text.split(/^---\n/m).filter((document) => !document.includes('namespace: staking-hoodi')).join('---\n');
    expect(less).not.toBe(text);
    expect(only(planOf(golden, new Map(golden).set(path, less)), 'default-deny-removed')).toMatchObject({ risk: 'exposure', section: 'ports' });
  });

  it('has a fixture', () => {
    const covered = new Set<Risk>([...CASES.map(({ risk }) => risk), 'restart when fired']);
    expect(RISK_ORDER.filter((risk) => !covered.has(risk))).toEqual([]);
  });

  it('of a golden node without exceptions is none: what StakingNode makes is not weak', () => {
    const plan = planOf(without(golden, `${GETH}/`), golden);
    expect(plan.findings.filter(({ section }) => section === 'exceptions')).toEqual([]);
  });

  it('of a node on the host network is told when it is new, with the reasons that were declared', () => {
    const plan = planOf(without(golden, 'gke-golden/staking-solana/'), golden);
    expect(codes(plan)).toContain('exception-added');
    expect(plan.findings.find(({ what }) => what.startsWith('declared exception: host-network'))?.what).toMatch(/advertises one address/);
    expect(plan.findings.find(({ what }) => what.endsWith('hostNetwork is on'))).toMatchObject({ risk: 'exposure' });
  });
});

describe('a release', () => {
  const bump = (files: Files, schema = '1'): Files =>
    edited(files, EXECUTION, 'StatefulSet', (object) => {
      object.metadata.annotations['stockade.dev/client-version'] = 'v1.16.7';
      object.metadata.annotations['stockade.dev/data-schema'] = schema;
      pod((of) => (of.containers[0].image = 'registry.example.com/geth:v1.16.7'))(object);
    });

  it('is one line that says how many restarts, and what else changes', () => {
    const plan = planOf(golden, bump(golden));
    expect(plan.findings).toEqual([]);
    expect(plan.risks['restart when fired']).toBe(1);
    expect(plan.releases).toEqual([
      {
        network: 'hoodi',
        component: 'execution',
        client: { from: 'geth', to: 'geth' },
        version: { from: 'v1.16.5', to: 'v1.16.7' },
        dataSchema: { from: '1', to: '1' },
        changes: [],
        risk: 'restart when fired',
        nodes: 1,
        restarts: 1,
        volumeChanges: 0,
        permissionChanges: 0,
        places: { 'gke-golden': ['eth-gke-0'] },
      },
    ]);
  });

  it('with another data schema is one-way', () => {
    const plan = planOf(golden, bump(golden, '2'));
    expect(plan.releases[0]).toMatchObject({ risk: 'one-way', dataSchema: { from: '1', to: '2' } });
    expect(plan.risks).toMatchObject({ 'one-way': 1, 'restart when fired': 1 });
  });

  it('of a stopped node needs no restart', () => {
    expect(planOf(stopped, bump(stopped)).releases[0]).toMatchObject({ nodes: 1, restarts: 0 });
  });

  it('says what else of the pod changes, and which nodes change volumes and permissions with it', () => {
    const more = edited(bump(golden), EXECUTION, 'StatefulSet', pod((of) => (of.containers[0].resources.limits.memory = '99Gi') && of.containers[0].args.push('--new=1')));
    const grown = edited(more, EXECUTION, 'PersistentVolumeClaim', spec((of) => (of.resources.requests.storage = '9Ti')));
    const granted = edited(grown, `${GETH}/rbac.yaml`, 'Role', (object) => object['rules'][0].verbs.push('delete'));
    const [release] = planOf(golden, granted).releases;
    expect(release!.changes.join('; ')).toMatch(/argument --new added; limits\.memory \S+ to 99Gi/);
    expect(release).toMatchObject({ volumeChanges: 1, permissionChanges: 1 });
  });
});
