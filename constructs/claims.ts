import type { Manifest } from './manifest';
import { AGENT } from '../contract/agent';
import { componentName, keySecretPath, LABELS, networkNamespace, nodeSecretPath } from '../naming';
import { agentProblems } from './agents';

/** What a workload's pods ask the secret manager for, by their agent's configuration. */
export interface Claims {
  /** By its labels. */
  readonly network: string;
  readonly node: string;
  readonly signer: boolean;
  /** Public keys in canonical form, each once. */
  readonly keys: readonly string[];
  /** Why the keys can't be known, or are not this workload's to have. Whoever has one of these is never applied. */
  readonly problems: readonly string[];
}

/**
 * Reads the configuration that a StatefulSet's pods are given: every ConfigMap that its template mounts, whatever the file is called. A secret counts
 * by where it lies too, not only by the key that it says it claims.
 *
 * @param configMaps of the same tree; what is not among them can't be read
 */
export function claimsOf(workload: Manifest, { cluster, configMaps }: { readonly cluster: string; readonly configMaps: readonly Manifest[] }): Claims {
  const { labels = {}, name, namespace } = workload.metadata;
  const [network, node, component] = [LABELS.network, LABELS.node, LABELS.component].map((label) => labels[label] ?? '') as [string, string, string];
  const own = { cluster, network, node, component };
  const signer = labels[LABELS.signer] === 'true';
  const problems: string[] = agentProblems(workload);
  if (namespace !== networkNamespace(network) || name !== componentName(node, component)) problems.push(`is not named by its labels, as ${networkNamespace(network)}/${componentName(node, component)}`);

  const secrets: Secret[] = [];
  for (const wanted of mountedConfigMaps(workload)) {
    const found = configMaps.find(({ metadata }) => metadata.name === wanted && metadata.namespace === namespace);
    if (found === undefined) problems.push(`mounts ConfigMap "${wanted}", which is not rendered with it`);
    else if (found['binaryData'] !== undefined) problems.push(`mounts ConfigMap "${wanted}", whose binaryData nobody can review`);
    else {
      for (const [file, text] of Object.entries((found['data'] ?? {}) as Record<string, unknown>)) {
        const configuration = configurationIn(file, text);
        if (configuration === undefined) continue;
        // What was judged must be what the pod finds when it starts.
        if (found['immutable'] !== true) problems.push(`takes its keys from ConfigMap "${wanted}", which is not immutable`);
        if (configuration === 'unreadable') problems.push(`has a configuration of its agent that can't be read (${file} of ConfigMap "${wanted}")`);
        else {
          const other = Object.entries(own).find(([field, value]) => configuration.identity[field] !== value);
          if (other) problems.push(`has a configuration of another ${other[0]} than its own: "${String(configuration.identity[other[0]])}" instead of "${other[1]}"`);
          secrets.push(...configuration.secrets);
        }
      }
    }
  }
  const keys = new Set<string>();
  for (const secret of secrets) {
    const key = keyOf(secret, network);
    if (key !== undefined) keys.add(key);
    if (key === undefined ? secret.claim !== undefined || !isNodeSecret(secret, own) : secret.claim !== undefined && secret.claim !== key) {
      problems.push(`asks for "${secret.source}"${secret.claim === undefined ? '' : ` under the claim "${secret.claim}"`}, which is neither a key of network "${network}" by its own claim nor a secret of node "${node}"`);
    }
  }
  if (signer && keys.size === 0 && problems.length === 0) problems.push('is a signer, and its configuration claims no key');
  if (!signer && keys.size > 0) problems.push('claims keys, and is not labelled as a signer');
  return { network, node, signer, keys: [...keys], problems };
}

/** Whether a ConfigMap has what an agent would read keys from, whoever mounts it. */
export const claimsKeys = (configMap: Manifest): boolean =>
  Object.entries((configMap['data'] ?? {}) as Record<string, unknown>).some(([file, text]) => {
    const configuration = configurationIn(file, text);
    return configuration !== undefined && (configuration === 'unreadable' ? file === AGENT.configKey : configuration.secrets.length > 0);
  });

interface Secret {
  readonly source: string;
  readonly claim?: string;
}

interface Configuration {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly secrets: readonly Secret[];
}

interface Volume {
  readonly configMap?: { readonly name?: string };
  readonly projected?: { readonly sources?: readonly { readonly configMap?: { readonly name?: string } }[] };
}

function mountedConfigMaps(workload: Manifest): ReadonlySet<string> {
  const { volumes = [] } = (workload['spec'] as { template?: { spec?: { volumes?: readonly Volume[] } } } | undefined)?.template?.spec ?? {};
  return new Set(volumes.flatMap(({ configMap, projected }) => [configMap, ...(projected?.sources ?? []).map((source) => source.configMap)].flatMap((one) => (one === undefined ? [] : [one.name ?? '']))));
}

/** Undefined: a file of the client's. A file of another name that has secrets is a configuration too: an agent can be told another file. */
export function configurationIn(file: string, text: unknown): Configuration | 'unreadable' | undefined {
  const isAgents = file === AGENT.configKey;
  if (!isAgents && !(typeof text === 'string' && text.trim().startsWith('{'))) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(String(text));
  } catch {
    // Another reader may take the first value, and leave what follows it.
    return 'unreadable';
  }
  if (!isAgents && !(isObject(content) && Object.keys(content).some((name) => folded(name) === 'secrets'))) return undefined;
  if (!isObject(content) || !isRead(content, String(text))) return 'unreadable';
  const { identity, secrets } = content;
  const readable = isObject(identity) && Array.isArray(secrets) && secrets.every((one: unknown) => isObject(one) && typeof one['source'] === 'string' && ['string', 'undefined'].includes(typeof one['claim']));
  return readable ? { identity, secrets: secrets as Secret[] } : 'unreadable';
}

/**
 * Whether every reader reads the same in it. Go's takes a member's name in any case, and of a member that is there twice it may mix both: so it is as our code writes
 * it, and no name is another spelling of one that is judged.
 */
const isRead = (content: unknown, text: string): boolean => [0, 2].some((indent) => JSON.stringify(content, null, indent) === text.trim()) && isSpelled(content);
const JUDGED: ReadonlySet<string> = new Set(['identity', 'cluster', 'network', 'node', 'component', 'secrets', 'source', 'claim']);
const folded = (name: string): string => name.normalize('NFKC').toLowerCase();
const isSpelled = (value: unknown): boolean =>
  Array.isArray(value) ? value.every(isSpelled) : !isObject(value) || Object.entries(value).every(([name, one]) => (!JUDGED.has(folded(name)) || name === folded(name)) && isSpelled(one));

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The key whose secret it is, claimed or not; undefined for anything that is not exactly where a key of the network lies. */
export function keyOf({ source }: Secret, network: string): string | undefined {
  const folder = keySecretPath(network, '');
  if (!source.startsWith(folder)) return undefined;
  try {
    const key = decodeURIComponent(source.slice(folder.length));
    return key !== '' && keySecretPath(network, key) === source ? key : undefined;
  } catch {
    return undefined;
  }
}

function isNodeSecret({ source }: Secret, { network, cluster, node }: { readonly network: string; readonly cluster: string; readonly node: string }): boolean {
  const folder = nodeSecretPath(network, cluster, node, '');
  return source.startsWith(folder) && /^[a-z0-9][a-z0-9-]*$/.test(source.slice(folder.length));
}
