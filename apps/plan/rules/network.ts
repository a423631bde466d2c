import { LABELS } from '../../../naming';
import { called, finding, generic, type Context } from '../context';
import type { ObjectChange, Unexplained } from '../diff';
import type { Finding } from '../model';

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly unknown[];
}
interface Port {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}
interface PolicySpec {
  readonly podSelector?: Selector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly Port[] }[];
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly Port[] }[];
}

/** NetworkPolicies bind running pods at once: what is added opens, what is removed cuts. */
export function networkPolicy(change: ObjectChange, rest: Unexplained, context: Context): Finding[] {
  for (const field of ['podSelector', 'policyTypes', 'ingress', 'egress']) rest.take('spec', field);
  const node = context.nodeOf(change);
  const who = change.component ?? called(change);
  const [old, young] = [change.before?.['spec'] as PolicySpec | undefined, change.after?.['spec'] as PolicySpec | undefined];
  const gone = node?.after === 'retired' || node?.after === 'absent';
  if (!young) {
    if (gone) return [];
    return denies(old)
      ? [finding(change, 'ports', 'exposure', 'default-deny-removed', `${called(change)} is removed: pods of its namespace that no other policy selects are open both ways`)]
      : [finding(change, 'interrupting', 'interrupting', 'network-policy-removed', `the NetworkPolicy of ${who} is removed: what it allowed is cut at once, and where no default deny stands, everything is open`)];
  }
  const [before, after] = [allowed(old, change.node), allowed(young, change.node)];
  const findings: Finding[] = [];
  if (old && JSON.stringify(old.podSelector) !== JSON.stringify(young.podSelector)) {
    findings.push(finding(change, 'interrupting', 'interrupting', 'network-policy-selects', `the NetworkPolicy of ${who} binds other pods than before`));
  }
  for (const type of old?.policyTypes ?? []) {
    if (!young.policyTypes?.includes(type)) findings.push(finding(change, 'ports', 'exposure', 'network-policy-type', `the NetworkPolicy of ${who} no longer limits ${type.toLowerCase()}`));
  }
  for (const type of old ? (young.policyTypes ?? []).filter((name) => !(old.policyTypes ?? []).includes(name)) : []) {
    findings.push(finding(change, 'interrupting', 'interrupting', 'network-policy-type', `the NetworkPolicy of ${who} now limits ${type.toLowerCase()}`));
  }
  const says = (text: string): string => text.replace('%', who);
  // Inside its own cluster a new node reaches what its declaration says; what is worth a look is what comes from outside.
  const fresh = old === undefined && node?.before === 'absent';
  for (const [key, { text, except, outside, incoming }] of after) {
    const earlier = before.get(key);
    if (!earlier) {
      if (!fresh || (outside && incoming)) findings.push(finding(change, 'ports', 'exposure', 'peer-added', says(text)));
      continue;
    }
    for (const range of except.filter((one) => !earlier.except.includes(one))) findings.push(finding(change, 'interrupting', 'interrupting', 'range-cut', `${says(text)}: ${range} is excepted from now on`));
    for (const range of earlier.except.filter((one) => !except.includes(one))) findings.push(finding(change, 'ports', 'exposure', 'range-opened', `${says(text)}: ${range} is no longer excepted`));
  }
  for (const [key, { text }] of before) if (!after.has(key)) findings.push(finding(change, 'interrupting', 'interrupting', 'peer-removed', `no longer allowed, at once: ${says(text)}`));
  if (!old && !fresh) findings.push(finding(change, 'interrupting', 'interrupting', 'network-policy-added', `a NetworkPolicy now binds ${who}`));
  return findings;
}

interface ServiceSpec {
  readonly type?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string; readonly targetPort?: number | string; readonly nodePort?: number }[];
  readonly clusterIP?: string;
  readonly loadBalancerClass?: string;
  readonly externalIPs?: readonly string[];
}

/** Services answer for running pods: a changed port or selector moves their callers at once. */
export function service(change: ObjectChange, rest: Unexplained, context: Context): Finding[] {
  const node = context.nodeOf(change);
  const name = called(change);
  const [old, young] = [change.before?.['spec'] as ServiceSpec | undefined, change.after?.['spec'] as ServiceSpec | undefined];
  if (!young) {
    if (node?.after === 'retired' || node?.after === 'absent') return [];
    return [finding(change, 'interrupting', 'interrupting', 'service-removed', `${name} is removed: its name stops resolving${isOutside(old) ? ', its address is given back' : ''}`)];
  }
  const findings: Finding[] = [];
  const added = [...portsOf(young)].filter(([key]) => !portsOf(old).has(key));
  if (isOutside(young)) {
    const opened = isOutside(old) ? added : [...portsOf(young)];
    for (const [, text] of opened) findings.push(finding(change, 'ports', 'exposure', 'port-opened', `${young.type} of ${change.component ?? name} opens ${text} to the outside`));
  }
  if (!old) return node?.before === 'absent' || findings.length > 0 ? findings : [...findings, finding(change, 'other', 'harmless', 'service-added', `${name} is new, inside the cluster`)];

  for (const address of (young.externalIPs ?? []).filter((one) => !(old.externalIPs ?? []).includes(one))) findings.push(finding(change, 'ports', 'exposure', 'port-opened', `${name} takes external address ${address}`));
  if (rest.take('spec', 'selector').length > 0) findings.push(finding(change, 'interrupting', 'interrupting', 'service-selector', `${name} selects other pods at once`));
  if (rest.take('spec', 'type').length > 0) findings.push(finding(change, 'interrupting', 'interrupting', 'service-type', `${name} becomes ${young.type ?? 'ClusterIP'} instead of ${old.type ?? 'ClusterIP'}`));
  if (rest.take('spec', 'ports').length > 0) {
    for (const [key, text] of portsOf(old)) if (!portsOf(young).has(key)) findings.push(finding(change, 'interrupting', 'interrupting', 'service-port', `${name} no longer serves ${text}, at once`));
    if (!isOutside(young)) for (const [, text] of added) findings.push(finding(change, 'ports', 'exposure', 'service-port-added', `${name} serves ${text} inside the cluster`));
    if (findings.length === 0) findings.push(finding(change, 'interrupting', 'interrupting', 'service-port', `${name} changes names or node ports of its ports at once`));
  }
  for (const field of ['clusterIP', 'loadBalancerClass']) {
    const changed = rest.take('spec', field);
    if (changed.length > 0 && changed.some(({ before }) => before !== undefined) && old.type === young.type) {
      findings.push(
        finding(change, 'interrupting', 'interrupting', 'service-immutable', `${field} of ${name} changes: no API server accepts that, and deleting the Service first cuts its callers`, {
          refused: true,
          next: 'Keep the field, or give the Service another name.',
        }),
      );
    } else if (changed.length > 0) findings.push(finding(change, 'interrupting', 'interrupting', 'service-changed', `${name} changes ${field} at once`));
  }
  for (const { path, after } of rest.take('metadata', 'annotations')) {
    const field = path.slice(2).join('.');
    const public_ = /scheme$/.test(field) && after === 'internet-facing';
    findings.push(finding(change, public_ ? 'ports' : 'interrupting', public_ ? 'exposure' : 'interrupting', 'service-annotation', `${name} changes ${field} at once: ${public_ ? 'its load balancer faces the internet' : 'its load balancer may get another address or stop answering'}`));
  }
  const other = [...new Set(rest.take('spec').map(({ path }) => path[1] ?? 'spec'))];
  if (other.length > 0) findings.push(finding(change, 'interrupting', 'interrupting', 'service-changed', `${name} changes ${other.join(', ')} at once`));
  return findings;
}

const isOutside = (spec: ServiceSpec | undefined): boolean => spec?.type === 'LoadBalancer' || spec?.type === 'NodePort' || (spec?.externalIPs ?? []).length > 0;

function portsOf(spec: ServiceSpec | undefined): Map<string, string> {
  return new Map(
    (spec?.ports ?? []).map(({ port, protocol = 'TCP', targetPort = port, nodePort }) => [
      `${port}/${protocol} ${targetPort}`,
      `${port}/${protocol}${targetPort === port ? '' : ` (to ${targetPort})`}${nodePort ? ` (node port ${nodePort})` : ''}`,
    ]),
  );
}

interface Allowed {
  /** `%` stands for whoever the policy binds. */
  readonly text: string;
  readonly except: readonly string[];
  /** The peer is an address rather than a pod. */
  readonly outside: boolean;
  readonly incoming: boolean;
}

/** What a policy lets through: one entry for each direction, peer and port. */
function allowed(spec: PolicySpec | undefined, node: string | undefined): Map<string, Allowed> {
  const found = new Map<string, Allowed>();
  const add = (incoming: boolean, peers: readonly Peer[] | undefined, ports: readonly Port[] | undefined): void => {
    for (const peer of peers && peers.length > 0 ? peers : [undefined]) {
      for (const port of ports && ports.length > 0 ? ports : [undefined]) {
        const [from, through] = [peerText(peer, node), portText(port)];
        found.set(`${incoming ? 'in' : 'out'} ${peerKey(peer)} ${through}`, {
          text: incoming ? `${from} may reach % at ${through}` : `% may reach ${from} at ${through}`,
          except: [...(peer?.ipBlock?.except ?? [])].sort(),
          outside: peer === undefined || peer.ipBlock !== undefined,
          incoming,
        });
      }
    }
  };
  for (const { from, ports } of spec?.ingress ?? []) add(true, from, ports);
  for (const { to, ports } of spec?.egress ?? []) add(false, to, ports);
  return found;
}

const peerKey = (peer: Peer | undefined): string => (peer === undefined ? 'anyone' : peer.ipBlock ? peer.ipBlock.cidr : JSON.stringify([peer.namespaceSelector, peer.podSelector]));

function peerText(peer: Peer | undefined, node: string | undefined): string {
  if (!peer) return 'anybody';
  if (peer.ipBlock) return peer.ipBlock.cidr === '0.0.0.0/0' ? 'public addresses' : peer.ipBlock.cidr;
  const labels = peer.podSelector?.matchLabels ?? {};
  if (peer.namespaceSelector === undefined && labels[LABELS.node] !== undefined) {
    return labels[LABELS.node] === node ? `its ${labels[LABELS.component] ?? 'pods'}` : `${labels[LABELS.component] ?? 'pods'} of ${labels[LABELS.node]}`;
  }
  const namespace = peer.namespaceSelector === undefined ? 'its namespace' : `namespace ${selectorText(peer.namespaceSelector)}`;
  return `${peer.podSelector === undefined ? 'all pods' : `pods ${selectorText(peer.podSelector)}`} in ${generic(namespace, node)}`;
}

function selectorText({ matchLabels, matchExpressions }: Selector): string {
  const parts = [...Object.entries(matchLabels ?? {}).map(([key, value]) => (key === 'kubernetes.io/metadata.name' ? value : `${key}=${value}`)), ...(matchExpressions ?? []).map((expression) => JSON.stringify(expression))];
  return parts.length > 0 ? parts.join(', ') : '(all)';
}

function portText(port: Port | undefined): string {
  if (!port) return 'any port';
  return `${port.port === undefined ? 'any port' : port.endPort ? `${port.port}-${port.endPort}` : port.port}/${port.protocol ?? 'TCP'}`;
}

/** Selects every pod and allows nothing. */
function denies(spec: PolicySpec | undefined): boolean {
  return spec !== undefined && Object.keys(spec.podSelector ?? {}).length === 0 && !spec.ingress?.length && !spec.egress?.length;
}
