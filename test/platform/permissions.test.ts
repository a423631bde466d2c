import { describe, expect, it } from 'vitest';
import { platformFiles } from '../../apps/platform';
import { appliedBy, PERMISSIONS, type PolicyRule } from '../../apps/platform/permissions';
import type { Manifest } from '../../constructs/manifest';
import { nodeOperatorRules } from '../../constructs/node-role';
import { MONITORING_NAMESPACE, networkNamespace, nodeRoleName, PROGRAM_NAMESPACES, ROLLOUT_ENGINE_SERVICE_ACCOUNT, SYSTEM_NAMESPACE } from '../../naming';
import { painterObjects } from '../system/painter';
import { eks, facts, fleet, gke, GROUPS } from './fleet';
import { allowed, type AccessRequest, type Identity } from './rbac';

const STAKING = networkNamespace('mainnet');

/** The Role that StakingNode renders for operators, of one node of two. */
const nodeRole = (group: string): Manifest[] => [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: nodeRoleName('eth-0'), namespace: STAKING },
    rules: nodeOperatorRules('eth-0', ['validator']),
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: nodeRoleName('eth-0'), namespace: STAKING },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: nodeRoleName('eth-0') },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
  },
];

const CLUSTERS = [gke(), eks].map((cluster) => {
  const groups = GROUPS[cluster.cloud];
  const person = (group: string): Identity => ({ user: 'somebody@stakes.example', groups: [group] });
  return {
    name: cluster.name,
    objects: [...platformFiles(fleet, cluster, facts()).flatMap(({ objects }) => objects), ...nodeRole(groups.operators)],
    identities: {
      viewer: person(groups.viewers),
      operator: person(groups.operators),
      deployer: person(groups.deployers),
      rolloutEngine: { serviceAccount: ROLLOUT_ENGINE_SERVICE_ACCOUNT, namespace: SYSTEM_NAMESPACE },
      breakGlass: person(groups.breakGlass),
      planner: person(groups.planners),
      dataCustodian: person(groups.dataCustodians),
      stranger: person('somebody else'),
      otherServiceAccount: { serviceAccount: 'default', namespace: STAKING },
    } satisfies Record<string, Identity>,
  };
});

type Who = keyof (typeof CLUSTERS)[number]['identities'];
const EVERYONE = Object.keys(CLUSTERS[0]!.identities) as Who[];

const ask = (verb: string, resource: string, name?: string, namespace?: string): AccessRequest => {
  const [group, ...rest] = resource.split(':') as [string, ...string[]];
  return { verb, group: rest.length === 0 ? '' : group, resource: rest[0] ?? group, name, namespace };
};

/**
 * The table of design.md, written anew. `yes` and `no` are RBAC's to say; `node`: on the one node whose Role the group was bound to;
 * `field`: the table narrows it by a field, so RBAC lets the verb pass and admission has the last word.
 */
type Cell = 'yes' | 'no' | 'node' | 'field';
interface Row {
  readonly act: string;
  /** Of the component `{c}`, in its namespace unless `cluster`. */
  readonly requests: readonly (readonly [verb: string, resource: string, name?: string])[];
  readonly cluster?: true;
  readonly viewer: Cell;
  readonly operator: Cell;
  readonly deployer: Cell;
  readonly rolloutEngine: Cell;
  readonly breakGlass: Cell;
  readonly dataCustodian: Cell;
}

const MATRIX: readonly Row[] = [
  {
    act: 'read, logs',
    requests: [
      ['get', 'pods', '{c}-0'],
      ['list', 'pods'],
      ['watch', 'pods'],
      ['get', 'pods/log', '{c}-0'],
      ['list', 'events'],
      ['get', 'configmaps', '{c}-0123456789'],
      ['watch', 'persistentvolumeclaims'],
      ['get', 'apps:statefulsets', '{c}'],
      ['get', 'policy:poddisruptionbudgets', '{c}'],
      ['list', 'networking.k8s.io:networkpolicies'],
    ],
    viewer: 'yes', operator: 'yes', deployer: 'yes', rolloutEngine: 'yes', breakGlass: 'yes', dataCustodian: 'no',
  },
  {
    act: 'read, logs',
    cluster: true,
    requests: [
      ['list', 'nodes'],
      ['watch', 'persistentvolumes'],
      ['list', 'namespaces'],
      ['list', 'storage.k8s.io:storageclasses'],
      ['get', 'storage.k8s.io:volumeattachments', 'csi-1'],
    ],
    viewer: 'yes', operator: 'yes', deployer: 'yes', rolloutEngine: 'yes', breakGlass: 'yes', dataCustodian: 'no',
  },
  {
    act: 'apply manifests, armed',
    requests: [
      ...['apps:statefulsets', 'services', 'configmaps', 'serviceaccounts', 'networking.k8s.io:networkpolicies', 'policy:poddisruptionbudgets', 'persistentvolumeclaims'].map(
        (resource) => ['create', resource] as const,
      ),
      ...['services', 'configmaps', 'serviceaccounts', 'networking.k8s.io:networkpolicies'].map((resource) => ['patch', resource, '{c}'] as const),
    ],
    viewer: 'no', operator: 'no', deployer: 'yes', rolloutEngine: 'yes', breakGlass: 'yes', dataCustodian: 'no',
  },
  {
    act: 'disarm (`partition: 0`), delete the pod with its full grace',
    requests: [['patch', 'apps:statefulsets', '{c}']],
    viewer: 'no', operator: 'node', deployer: 'field', rolloutEngine: 'yes', breakGlass: 'yes', dataCustodian: 'no',
  },
  {
    act: 'disarm (`partition: 0`), delete the pod with its full grace',
    requests: [['delete', 'pods', '{c}-0']],
    viewer: 'no', operator: 'node', deployer: 'no', rolloutEngine: 'yes', breakGlass: 'yes', dataCustodian: 'no',
  },
  {
    act: 'scale 1 to 0 (stop, hold)',
    requests: [['patch', 'apps:statefulsets/scale', '{c}']],
    viewer: 'no', operator: 'node', deployer: 'no', rolloutEngine: 'yes', breakGlass: 'yes', dataCustodian: 'no',
  },
  {
    act: 'scale 0 to 1',
    requests: [['patch', 'apps:statefulsets', '{c}']],
    viewer: 'no', operator: 'node', deployer: 'field', rolloutEngine: 'field', breakGlass: 'yes', dataCustodian: 'no',
  },
  {
    act: 'more than 1, autoscaler, second workload on a PVC',
    requests: [
      ['create', 'pods'],
      ['create', 'apps:deployments'],
      ['create', 'apps:replicasets'],
      ['create', 'apps:daemonsets'],
      ['create', 'batch:jobs'],
      ['create', 'batch:cronjobs'],
      ['create', 'replicationcontrollers'],
      ['create', 'autoscaling:horizontalpodautoscalers'],
      ['update', 'apps:statefulsets/scale', '{c}'],
      ['update', 'apps:statefulsets', '{c}'],
    ],
    viewer: 'no', operator: 'no', deployer: 'no', rolloutEngine: 'no', breakGlass: 'no', dataCustodian: 'no',
  },
  {
    act: 'grace 0, also inside an Eviction; finalizers',
    requests: [['patch', 'pods', '{c}-0']],
    viewer: 'no', operator: 'no', deployer: 'no', rolloutEngine: 'no', breakGlass: 'field', dataCustodian: 'no',
  },
  {
    act: 'evict (drain)',
    requests: [['create', 'pods/eviction', '{c}-0']],
    viewer: 'no', operator: 'node', deployer: 'no', rolloutEngine: 'yes', breakGlass: 'yes', dataCustodian: 'no',
  },
  {
    act: 'evict (drain)',
    // The budget lifted; the deployer applies budgets.
    requests: [['patch', 'policy:poddisruptionbudgets', '{c}']],
    viewer: 'no', operator: 'node', deployer: 'field', rolloutEngine: 'yes', breakGlass: 'yes', dataCustodian: 'no',
  },
  {
    act: 'exec, attach, port-forward, debug; read Secrets; mint its service account\'s tokens',
    requests: [
      ...['exec', 'attach', 'portforward'].flatMap((way) => [
        ['create', `pods/${way}`, '{c}-0'] as const,
        ['get', `pods/${way}`, '{c}-0'] as const,
      ]),
      ['patch', 'pods/ephemeralcontainers', '{c}-0'],
      ['get', 'secrets', 'any'],
      ['list', 'secrets'],
      ['create', 'serviceaccounts/token', '{c}'],
    ],
    viewer: 'no', operator: 'no', deployer: 'no', rolloutEngine: 'no', breakGlass: 'yes', dataCustodian: 'no',
  },
  {
    act: 'grow a PVC',
    requests: [['patch', 'persistentvolumeclaims', '{c}-chain-data']],
    viewer: 'no', operator: 'no', deployer: 'field', rolloutEngine: 'no', breakGlass: 'yes', dataCustodian: 'no',
  },
  {
    act: 'delete a PVC or PV, change a reclaim policy',
    requests: [['delete', 'persistentvolumeclaims', '{c}-chain-data']],
    viewer: 'no', operator: 'no', deployer: 'no', rolloutEngine: 'no', breakGlass: 'no', dataCustodian: 'yes',
  },
  {
    act: 'delete a PVC or PV, change a reclaim policy',
    cluster: true,
    requests: [['delete', 'persistentvolumes', 'pvc-1'], ['patch', 'persistentvolumes', 'pvc-1']],
    viewer: 'no', operator: 'no', deployer: 'no', rolloutEngine: 'no', breakGlass: 'no', dataCustodian: 'yes',
  },
];

describe.each(CLUSTERS)('$name', ({ objects, identities }) => {
  const may = (who: Who, request: AccessRequest): boolean => allowed(objects, identities[who], request);

  describe.each(MATRIX)('$act', (row) => {
    const { cluster, requests } = row;
    const roles = ['viewer', 'operator', 'deployer', 'planner', 'rolloutEngine', 'breakGlass', 'dataCustodian'] as const;
    it.each(roles)('%s', (who) => {
      // In dry runs alone, which RBAC can't tell from others: the policy `dry-runs-only` does.
      const cell = row[who === 'planner' ? 'deployer' : who];
      for (const [verb, resource, name] of requests) {
        const of = (component: string): boolean =>
          may(who, ask(verb, resource, name?.replace('{c}', component), cluster ? undefined : STAKING));
        const answer = { request: `${verb} ${resource}`, own: of('eth-0-validator'), other: of('eth-1-validator') };
        // The custodian sees what may be deleted, and nothing else.
        const custodian = who === 'dataCustodian' && resource.startsWith('persistentvolume') && ['get', 'list'].includes(verb);
        expect(answer).toEqual({
          request: `${verb} ${resource}`,
          own: custodian || cell !== 'no',
          other: custodian || cell === 'yes' || cell === 'field',
        });
      }
    });

    it('strangers and other service accounts: no', () => {
      for (const [verb, resource, name] of requests) {
        const request = ask(verb, resource, name?.replace('{c}', 'eth-0-validator'), cluster ? undefined : STAKING);
        expect([verb, resource, may('stranger', request), may('otherServiceAccount', request)]).toEqual([verb, resource, false, false]);
      }
    });
  });

  it('grants exactly what is listed here, of every verb on every resource', () => {
    for (const who of EVERYONE) {
      const { staking, programs = [], cluster } = EXACT[who];
      for (const place of ['staking', 'system', 'monitoring', 'cluster', 'elsewhere'] as const) {
        const namespace = { staking: STAKING, system: SYSTEM_NAMESPACE, monitoring: MONITORING_NAMESPACE, cluster: undefined, elsewhere: 'kube-system' }[place];
        const granted = RESOURCES.flatMap((resource) =>
          VERBS.filter((verb) => may(who, ask(verb, resource, NAMED.has(verb) ? 'some-name' : undefined, namespace))).map((verb) => `${verb} ${resource}`),
        );
        const expected = new Set([...expand(cluster), ...(place === 'staking' ? expand(staking) : place === 'system' || place === 'monitoring' ? expand(programs) : [])]);
        expect({ who, place, granted: granted.sort() }).toEqual({ who, place, granted: [...expected].sort() });
      }
    }
  });

  it('hides no power in any role: no wildcards, none of the verbs and subresources that carry other powers', () => {
    const rules = objects.filter(({ kind }) => kind.endsWith('Role')).flatMap((role) => role['rules'] as PolicyRule[]);
    expect(rules.length).toBeGreaterThan(20);
    for (const { apiGroups, resources, verbs } of rules) {
      expect([...apiGroups, ...resources, ...verbs].join(' ')).not.toContain('*');
      for (const verb of ['deletecollection', 'escalate', 'bind', 'impersonate', 'approve', 'sign', 'update']) expect(verbs).not.toContain(verb);
      for (const resource of ['nodes/proxy', 'pods/proxy', 'services/proxy', 'pods/binding', 'users', 'groups', 'certificatesigningrequests/approval']) {
        expect(resources).not.toContain(resource);
      }
    }
  });

  it('binds the roles in each staking namespace, and in those of programs what reads them alone', () => {
    const namespaces = objects.filter(({ kind }) => kind === 'RoleBinding').map(({ metadata }) => metadata.namespace);
    expect(new Set(namespaces)).toEqual(new Set([networkNamespace('mainnet'), networkNamespace('solana-testnet'), ...PROGRAM_NAMESPACES]));
    const there = objects.filter(({ kind, metadata }) => kind === 'RoleBinding' && PROGRAM_NAMESPACES.includes(metadata.namespace ?? ''));
    expect(there.map(({ metadata }) => metadata.name)).toEqual(PROGRAM_NAMESPACES.map(() => 'stockade-planner-programs'));
    for (const who of EVERYONE) {
      expect(may(who, ask('create', 'serviceaccounts/token', ROLLOUT_ENGINE_SERVICE_ACCOUNT, SYSTEM_NAMESPACE))).toBe(false);
      expect(may(who, ask('get', 'secrets', 'any', SYSTEM_NAMESPACE))).toBe(false);
    }
  });

  it('lets the planner read every kind that a program is made of, and write none', () => {
    for (const { apiVersion, kind } of painterObjects) {
      const [group, plural] = [apiVersion.includes('/') ? `${apiVersion.split('/')[0]}:` : '', `${kind.toLowerCase()}s`.replace(/ys$/, 'ies')];
      const answers = ['list', 'get', 'create', 'patch', 'delete'].map((verb) => may('planner', ask(verb, `${group}${plural}`, verb === 'list' || verb === 'create' ? undefined : 'x', SYSTEM_NAMESPACE)));
      expect([kind, ...answers]).toEqual([kind, true, true, false, false, false]);
    }
  });

  it('binds no one by user name, and no built-in group', () => {
    const subjects = objects.filter(({ kind }) => kind.endsWith('RoleBinding')).flatMap((binding) => binding['subjects'] as { kind: string; name: string }[]);
    for (const { kind, name } of subjects) {
      expect(kind === 'Group' || kind === 'ServiceAccount').toBe(true);
      expect(name).not.toMatch(/^system:/);
    }
  });

  it('lets the deployer apply every kind that is its own, and none that is the platform\'s', () => {
    const kinds: [apiVersion: string, kind: string, resource: string][] = [
      ['apps/v1', 'StatefulSet', 'apps:statefulsets'],
      ['v1', 'Service', 'services'],
      ['v1', 'ConfigMap', 'configmaps'],
      ['v1', 'ServiceAccount', 'serviceaccounts'],
      ['v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'],
      ['networking.k8s.io/v1', 'NetworkPolicy', 'networking.k8s.io:networkpolicies'],
      ['policy/v1', 'PodDisruptionBudget', 'policy:poddisruptionbudgets'],
      ['rbac.authorization.k8s.io/v1', 'Role', 'rbac.authorization.k8s.io:roles'],
      ['rbac.authorization.k8s.io/v1', 'RoleBinding', 'rbac.authorization.k8s.io:rolebindings'],
      ['v1', 'ResourceQuota', 'resourcequotas'],
      ['v1', 'Namespace', 'namespaces'],
    ];
    for (const [apiVersion, kind, resource] of kinds) {
      const applies = ['create', 'patch'].map((verb) => may('deployer', ask(verb, resource, verb === 'patch' ? 'x' : undefined, STAKING)));
      const own = appliedBy({ apiVersion, kind }) === 'deployer';
      expect([kind, ...applies]).toEqual([kind, own, own]);
    }
    for (const { apiVersion, kind, metadata } of objects) {
      const rolloutEngine = kind === 'ServiceAccount' && metadata.namespace === SYSTEM_NAMESPACE;
      // Outside staking namespaces the deployer has no role at all.
      const policy = kind === 'NetworkPolicy' && (metadata.name === 'default-deny' || !metadata.namespace?.startsWith('staking-'));
      if (!rolloutEngine && !policy) expect([kind, appliedBy({ apiVersion, kind })]).toEqual([kind, 'platform']);
    }
  });
});

describe('the declared table', () => {
  it('has the rows of design.md, in their order, each with what is left to admission', () => {
    // One row is of a program that the table knows nothing of.
    expect(PERMISSIONS.map(({ act }) => act).filter((act) => !act.startsWith('try out'))).toEqual([...new Set(MATRIX.map(({ act }) => act))]);
    for (const { admission } of PERMISSIONS) expect(admission.length).toBeGreaterThan(20);
  });
});

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection', 'impersonate', 'bind', 'escalate', 'approve', 'sign', 'proxy'];
const NAMED: ReadonlySet<string> = new Set(['get', 'update', 'patch', 'delete', 'impersonate', 'bind', 'escalate', 'approve', 'sign', 'proxy']);

/** What an API server of 1.34 serves, with the subresources that matter. */
const RESOURCES = [
  ...['bindings', 'componentstatuses', 'configmaps', 'endpoints', 'events', 'limitranges', 'podtemplates', 'replicationcontrollers', 'replicationcontrollers/scale'],
  ...['namespaces', 'namespaces/finalize', 'namespaces/status', 'resourcequotas', 'resourcequotas/status', 'secrets', 'users', 'groups', 'userextras'],
  ...['nodes', 'nodes/proxy', 'nodes/status', 'nodes/log', 'nodes/metrics', 'nodes/stats', 'nodes/pods', 'nodes/configz', 'nodes/checkpoint', 'nodes/spec'],
  ...['persistentvolumeclaims', 'persistentvolumeclaims/status', 'persistentvolumes', 'persistentvolumes/status'],
  ...['pods', 'pods/attach', 'pods/binding', 'pods/ephemeralcontainers', 'pods/eviction', 'pods/exec', 'pods/log', 'pods/portforward', 'pods/proxy', 'pods/resize', 'pods/status'],
  ...['serviceaccounts', 'serviceaccounts/token', 'services', 'services/proxy', 'services/status'],
  ...['validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'mutatingadmissionpolicies', 'validatingwebhookconfigurations', 'mutatingwebhookconfigurations'].map(
    (resource) => `admissionregistration.k8s.io:${resource}`,
  ),
  'apiextensions.k8s.io:customresourcedefinitions',
  'apiregistration.k8s.io:apiservices',
  ...['controllerrevisions', 'daemonsets', 'deployments', 'deployments/scale', 'replicasets', 'replicasets/scale', 'statefulsets', 'statefulsets/scale', 'statefulsets/status', 'statefulsets/finalizers'].map(
    (resource) => `apps:${resource}`,
  ),
  'authentication.k8s.io:tokenreviews',
  'authentication.k8s.io:userextras/scopes',
  'authorization.k8s.io:subjectaccessreviews',
  'autoscaling:horizontalpodautoscalers',
  ...['jobs', 'cronjobs'].map((resource) => `batch:${resource}`),
  ...['certificatesigningrequests', 'certificatesigningrequests/approval', 'certificatesigningrequests/status', 'signers'].map((resource) => `certificates.k8s.io:${resource}`),
  'constraints.gatekeeper.sh:stockadehold',
  'coordination.k8s.io:leases',
  'discovery.k8s.io:endpointslices',
  'events.k8s.io:events',
  'metrics.k8s.io:nodes',
  'metrics.k8s.io:pods',
  ...['networkpolicies', 'ingresses'].map((resource) => `networking.k8s.io:${resource}`),
  'policy:poddisruptionbudgets',
  'policy:poddisruptionbudgets/status',
  ...['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'].map((resource) => `rbac.authorization.k8s.io:${resource}`),
  'scheduling.k8s.io:priorityclasses',
  'templates.gatekeeper.sh:constrainttemplates',
  'snapshot.storage.k8s.io:volumesnapshots',
  ...['storageclasses', 'volumeattachments', 'volumeattachments/status', 'csidrivers', 'csinodes', 'volumeattributesclasses'].map((resource) => `storage.k8s.io:${resource}`),
];

/** `verbs resource resource ...`, in staking namespaces, in those of programs, and everywhere. Of a name that no node's Role holds. */
interface Exact {
  readonly staking: readonly string[];
  readonly programs?: readonly string[];
  readonly cluster: readonly string[];
}

const READS: Exact = {
  staking: [
    'get,list,watch configmaps endpoints events persistentvolumeclaims pods resourcequotas serviceaccounts services',
    'get,list,watch apps:controllerrevisions apps:statefulsets discovery.k8s.io:endpointslices events.k8s.io:events',
    'get,list,watch networking.k8s.io:networkpolicies policy:poddisruptionbudgets rbac.authorization.k8s.io:rolebindings rbac.authorization.k8s.io:roles',
    'get,list metrics.k8s.io:pods',
    'get pods/log',
  ],
  cluster: [
    'get,list,watch namespaces nodes persistentvolumes storage.k8s.io:storageclasses storage.k8s.io:volumeattachments scheduling.k8s.io:priorityclasses',
    'get,list,watch admissionregistration.k8s.io:validatingadmissionpolicies admissionregistration.k8s.io:validatingadmissionpolicybindings',
    'get,list,watch rbac.authorization.k8s.io:clusterroles rbac.authorization.k8s.io:clusterrolebindings',
    'get,list metrics.k8s.io:nodes',
  ],
};
const APPLIES = [
  'create,patch apps:statefulsets configmaps services serviceaccounts networking.k8s.io:networkpolicies policy:poddisruptionbudgets',
  'create persistentvolumeclaims',
];
const REMOVES = ['delete apps:statefulsets configmaps services serviceaccounts networking.k8s.io:networkpolicies policy:poddisruptionbudgets'];
const NOTHING: Exact = { staking: [], cluster: [] };

const EXACT: Readonly<Record<Who, Exact>> = {
  viewer: READS,
  operator: READS,
  deployer: { staking: [...READS.staking, ...APPLIES, 'patch persistentvolumeclaims'], cluster: READS.cluster },
  rolloutEngine: {
    staking: [...READS.staking, ...APPLIES, ...REMOVES, 'delete pods', 'create pods/eviction', 'patch apps:statefulsets/scale'],
    cluster: READS.cluster,
  },
  breakGlass: {
    staking: [
      ...READS.staking,
      ...APPLIES,
      ...REMOVES,
      'delete,patch pods',
      'create pods/eviction',
      'patch apps:statefulsets/scale persistentvolumeclaims pods/ephemeralcontainers',
      'create,get pods/exec pods/attach pods/portforward',
      'get,list secrets',
      'create serviceaccounts/token',
    ],
    cluster: [...READS.cluster, 'patch nodes', 'get,list pods apps:daemonsets'],
  },
  planner: {
    staking: [...READS.staking, ...APPLIES, 'patch persistentvolumeclaims'],
    programs: [
      'get,list configmaps persistentvolumeclaims services policy:poddisruptionbudgets batch:cronjobs batch:jobs',
      'get,list apps:daemonsets apps:deployments apps:replicasets apps:statefulsets rbac.authorization.k8s.io:rolebindings rbac.authorization.k8s.io:roles',
    ],
    cluster: [
      ...READS.cluster,
      'get,list serviceaccounts networking.k8s.io:networkpolicies admissionregistration.k8s.io:validatingwebhookconfigurations templates.gatekeeper.sh:constrainttemplates constraints.gatekeeper.sh:stockadehold',
    ],
  },
  dataCustodian: { staking: ['delete,get,list persistentvolumeclaims'], cluster: ['delete,get,list,patch persistentvolumes'] },
  stranger: NOTHING,
  otherServiceAccount: NOTHING,
};

function expand(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [verbs, ...resources] = line.split(' ') as [string, ...string[]];
    return verbs.split(',').flatMap((verb) => resources.map((resource) => `${verb} ${resource}`));
  });
}
