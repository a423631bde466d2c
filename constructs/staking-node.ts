import { createHash } from 'node:crypto';
import { ApiObject } from 'cdk8s';
import { KubeConfigMap, KubePodDisruptionBudget, KubeServiceAccount, IntOrString } from 'cdk8s-plus-27/lib/imports/k8s';
import { Construct } from 'constructs';
import { componentName, configMapName, networkNamespace } from '../naming';
import type { ComponentSpec, HardeningException } from '../chains/component';
import { labels, manifestOf, selector, type Manifest } from './manifest';
import { networkPolicy, type ComponentPeer } from './network-policy';
import { nodeRole } from './node-role';
import { AGENT } from '../contract/agent';
import { agentConfig } from './secret-agent';
import { services } from './services';
import { checkProps } from './check-props';
import { configKey, statefulSet } from './stateful-set';
import { volumeClaim } from './storage';
import type { StakingNodeProps, Caller, NodeIdentity } from './staking-node-props';

/**
 * One staking node in Kubernetes: for each component a single-replica, armed StatefulSet with explicit disks, the
 * Services and NetworkPolicy that its declared ports and peers need, a disruption budget, an identity, and the
 * operators' right to stop and fire this node by name. A chain says what runs; this decides how.
 *
 * @throws StakingNodeError naming every mistake in the props, before any object is made.
 *
 * @example
 * new StakingNode(chart, 'hoodi-0', { name: 'hoodi-0', network: 'ethereum-hoodi', components, ... });
 */
export class StakingNode extends Construct {
  /** Component, then its objects, in the order in which they are written. */
  readonly components: ReadonlyMap<string, readonly ApiObject[]>;
  /** Objects that belong to the node as a whole. */
  readonly shared: readonly ApiObject[];
  /**
   * The same objects as plain data, without what is changed on them afterwards (`addJsonPatch`): for writers of many nodes, since
   * `ApiObject.toJson` looks for tokens in every field, and there are none.
   */
  readonly manifests: { readonly components: ReadonlyMap<string, readonly Manifest[]>; readonly shared: readonly Manifest[] };
  /** Declared weakenings of the hardening. */
  readonly exceptions: readonly (HardeningException & { readonly component: string })[];

  constructor(scope: Construct, id: string, props: StakingNodeProps) {
    super(scope, id);
    checkProps(props);
    const node: NodeIdentity = { ...props, namespace: props.namespace ?? networkNamespace(props.network) };
    this.manifests = {
      components: new Map(props.components.map((component) => [component.name, componentManifests(node, component, props)])),
      shared: props.state === 'retired' ? [] : nodeRole(node, props.components, props.operatorGroups ?? []),
    };
    const add = (manifest: Manifest): ApiObject => new ApiObject(this, `${manifest.kind}-${manifest.metadata.name}`, manifest);
    this.components = new Map([...this.manifests.components].map(([name, manifests]) => [name, manifests.map(add)]));
    this.shared = this.manifests.shared.map(add);
    this.exceptions = props.components.flatMap(({ name, exceptions = [] }) =>
      exceptions.map((exception) => ({ component: name, ...exception })),
    );
  }
}

function componentManifests(node: NodeIdentity, component: ComponentSpec, props: StakingNodeProps): Manifest[] {
  const disks = component.volumes.map((volume) => volumeClaim(node, component, volume, props.accessMode ?? 'ReadWriteOncePod'));
  if (props.state === 'retired') return disks;
  const name = componentName(node.name, component.name);
  const metadata = { name, namespace: node.namespace, labels: labels(node, component) };
  const reach = props.reach ?? 'outbound';
  const config = configMap(node, component, props);
  return [
    manifestOf(KubeServiceAccount, { metadata, automountServiceAccountToken: false }),
    config,
    ...disks,
    ...services({ node, component, reach, mixedProtocolLoadBalancers: props.mixedProtocolLoadBalancers ?? true }),
    // A NetworkPolicy does not bind a pod on the host's network; one that looks as if it did would mislead.
    ...(component.hostNetwork
      ? []
      : [
          networkPolicy(node, component, {
            portsOf: (peer) => peerPorts(props, peer),
            publicIngress: reach !== 'outbound',
            clusterRanges: props.clusterRanges ?? [],
            callers: callersOf(component, props),
            consumers: (props.consumers ?? []).filter((consumer) => consumer.component === component.name),
          }),
        ]),
    manifestOf(KubePodDisruptionBudget, {
      metadata,
      spec: {
        // Draining a signer is an operator's deliberate, serial act.
        maxUnavailable: IntOrString.fromNumber(component.signs ? 0 : 1),
        selector: { matchLabels: selector(node.network, node.name, component.name) },
      },
    }),
    statefulSet({
      node,
      component,
      agent: props.agent,
      placement: props.placements[component.name]!,
      configMap: config.metadata.name,
      running: (props.state ?? 'running') === 'running',
    }),
  ];
}

/** Immutable and named by its content: a changed file in place would slip past the armed partition at the next crash. */
function configMap(node: NodeIdentity, component: ComponentSpec, props: StakingNodeProps): Manifest {
  const agent = agentConfig(component, {
    cluster: node.cluster,
    network: node.network,
    node: node.name,
    keys: props.keys ?? [],
    firstStart: props.firstStart ?? false,
  });
  const data: Record<string, string> = { [AGENT.configKey]: `${JSON.stringify(agent, null, 2)}\n` };
  for (const folder of component.config ?? []) {
    for (const [file, content] of Object.entries(folder.files)) data[configKey(folder.name, file)] = content;
  }
  const digest = createHash('sha256').update(JSON.stringify(data)).digest('hex');
  return manifestOf(KubeConfigMap, {
    metadata: {
      name: configMapName(node.name, component.name, digest),
      namespace: node.namespace,
      labels: labels(node, component),
      // An armed pod still runs the revision that names the previous one.
      annotations: { 'helm.sh/resource-policy': 'keep' },
    },
    immutable: true,
    data,
  });
}

/** Who may call a component: its siblings, and other nodes, that say they talk to it. */
function callersOf(component: ComponentSpec, props: StakingNodeProps): Caller[] {
  const siblings = props.components.flatMap((sibling) =>
    sibling.talksTo.flatMap((peer) =>
      peer.kind === 'component' && (peer.node ?? props.name) === props.name && peer.component === component.name
        ? [{ node: props.name, component: sibling.name, ports: peer.ports }]
        : [],
    ),
  );
  return [...siblings, ...(props.callers ?? []).filter(({ target }) => target === component.name)];
}

function peerPorts(props: StakingNodeProps, peer: ComponentPeer): ComponentSpec['ports'] {
  const components = peer.node === undefined || peer.node === props.name ? props.components : (props.peers?.[peer.node] ?? []);
  return components.find(({ name }) => name === peer.component)!.ports.filter(({ name }) => peer.ports.includes(name));
}
