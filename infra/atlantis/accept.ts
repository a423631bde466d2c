import { lstatSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { walk } from '../../workspace/walk';

/**
 * What a pull request's own code rendered, looked at before a step that holds credentials touches it. Terraform's JSON is a program: it can run
 * commands (provisioners, `data.external`, a Helm post-renderer), load other programs (modules, providers), read this machine's files and name
 * another state. None of that is ever rendered here, so none of it is let through, whatever the code says.
 *
 * @param folder with `dist/` and `cdktf.out/`, as `synth` writes them
 * @returns what is wrong, by its path
 */
export function wrongInRendered(folder: string, { limits = LIMITS, ...bounds }: ServerScope & { readonly limits?: Limits } = {}): string[] {
  const wrong: string[] = [];
  let [files, bytes] = [0, 0];
  const isWritten = (path: string): boolean => /^[A-Za-z0-9._-]{1,120}$/.test(basename(path));
  for (const { path, kind } of walk(folder, isWritten)) {
    if (!isWritten(path)) wrong.push(`${JSON.stringify(path)}: a name that synth never writes`);
    else if (kind === 'folder') continue;
    else if (kind === 'other') wrong.push(`${path}: not a regular file`);
    else {
      const { nlink, size } = lstatSync(join(folder, path));
      if (nlink > 1) wrong.push(`${path}: has another name somewhere`);
      else if (!KNOWN.some((known) => known.test(path))) wrong.push(`${path}: a file that synth never writes`);
      else {
        files += 1;
        bytes += size;
        if (size > limits.fileBytes) wrong.push(`${path}: larger than ${limits.fileBytes} bytes`);
        else if (path.endsWith('/cdk.tf.json')) wrong.push(...wrongInTerraform(readFileSync(join(folder, path), 'utf8'), path.split('/').at(-2)!, bounds).map((text) => `${path}: ${text}`));
      }
    }
  }
  if (files > limits.files) wrong.push(`${files} files: more than ${limits.files}`);
  if (bytes > limits.bytes) wrong.push(`${bytes} bytes: more than ${limits.bytes}`);
  if (files === 0) wrong.push('nothing was rendered');
  return wrong;
}

export interface Limits {
  readonly files: number;
  readonly bytes: number;
  readonly fileBytes: number;
}
export const LIMITS: Limits = { files: 100_000, bytes: 2 ** 30, fileBytes: 2 ** 24 };

const KNOWN: readonly RegExp[] = [
  /^dist\/\.stockade$/,
  /^dist\/[a-z0-9-]+\/(platform(\/(networks|policies|system))?|gatekeeper-templates|gatekeeper-constraints)\/[a-z0-9-]+\.yaml$/,
  /^dist\/[a-z0-9-]+\/staking-[a-z0-9-]+\/[a-z0-9-]+\/[a-z0-9-]+\.yaml$/,
  /^cdktf\.out\/manifest\.json$/,
  /^cdktf\.out\/stacks\/[a-z0-9-]+\/cdk\.tf\.json$/,
];

const PROVIDERS: Readonly<Record<string, string>> = { google: 'google', aws: 'aws', helm: 'helm' };
/** Hosts of a provider's source, as CDKTF writes it. */
const SOURCE = /^(registry\.terraform\.io\/)?hashicorp\/(google|aws|helm)$|^(google|aws|helm)$/;
const TOP = ['//', 'terraform', 'provider', 'resource', 'data', 'output', 'variable', 'locals'];
/** Settings of a provider by which it runs a program, reads a file or becomes somebody else. */
const PROVIDER_KEYS: Readonly<Record<string, readonly string[]>> = {
  google: ['alias', 'project', 'region', 'zone', 'default_labels', 'user_project_override', 'billing_project', 'add_terraform_attribution_label'],
  aws: ['alias', 'region', 'allowed_account_ids', 'default_tags'],
  helm: ['alias', 'kubernetes'],
};

/** Where this server's identities have something to do; where one of them is not said, anything is taken. */
export interface ServerScope {
  /** Buckets that may hold Terraform's state. */
  readonly buckets?: readonly string[];
  /** Google's projects that clusters may be in. */
  readonly projects?: readonly string[];
}

/** What a stack's JSON holds that a stack of ours never does. */
export function wrongInTerraform(text: string, stack: string, { buckets, projects }: ServerScope = {}): string[] {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (error) {
    return [`no JSON: ${(error as Error).message}`];
  }
  const wrong: string[] = [];
  for (const key of Object.keys(json)) if (!TOP.includes(key)) wrong.push(`"${key}" is never rendered`);
  wrong.push(...wrongInSettings(objectOf(json['terraform']), stack, buckets));
  for (const [name, configurations] of Object.entries(objectOf(json['provider']))) {
    const allowed = PROVIDER_KEYS[name];
    if (allowed === undefined) wrong.push(`provider "${name}"`);
    else for (const configuration of listOf(configurations)) wrong.push(...Object.keys(configuration).filter((key) => !allowed.includes(key)).map((key) => `${key} of provider "${name}"`));
    if (name === 'helm') wrong.push(...listOf(configurations).flatMap(({ kubernetes }) => listOf(kubernetes)).flatMap(wrongInHelm));
  }
  for (const block of ['resource', 'data']) {
    for (const type of Object.keys(objectOf(json[block]))) {
      const provider = PROVIDERS[type.split('_')[0]!];
      // Terraform's own, which has no provider: it runs nothing.
      if (block === 'data' ? !DATA.has(type) : provider === undefined && type !== 'terraform_data') wrong.push(`${block} "${type}"`);
    }
  }
  wrong.push(...wrongInClusters(objectOf(json['data']), projects));
  const seen = new Set<string>();
  const walk = (value: unknown, key: string): void => {
    if (typeof value === 'string') {
      if (/[$%]\{/.test(value) && /\b(file\w*|templatefile|pathexpand|abspath)\s*\(|\bpath\./.test(value)) seen.add(`"${key}" reads files of this machine`);
      // A token is Helm's alone: anywhere else it would be shown to whoever reads the plan, or sent away.
      if (value.includes('google_client_config') && key !== 'provider.helm.kubernetes.token') seen.add(`"${key}" holds a token`);
    } else if (Array.isArray(value)) value.forEach((one) => walk(one, key));
    else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        if (FORBIDDEN.has(name)) seen.add(`"${name}" in ${key || 'the stack'}`);
        walk(inner, key === '' ? name : `${key}.${name}`);
      }
    }
  };
  walk({ ...json, '//': undefined }, '');
  return [...wrong, ...seen];
}

/** Arguments by which a resource runs something here. */
const FORBIDDEN: ReadonlySet<string> = new Set(['provisioner', 'connection', 'postrender', 'local-exec', 'remote-exec']);

function wrongInSettings(settings: Json, stack: string, buckets?: readonly string[]): string[] {
  const wrong = Object.keys(settings).filter((key) => !['backend', 'required_providers', 'required_version'].includes(key)).map((key) => `terraform.${key}`);
  for (const [name, requirement] of Object.entries(objectOf(settings['required_providers']))) {
    const { source, version } = objectOf(requirement);
    if (typeof source !== 'string' || !SOURCE.test(source) || !source.endsWith(name)) wrong.push(`provider "${name}" from ${JSON.stringify(source)}`);
    if (typeof version !== 'string' || !/^\d+\.\d+\.\d+$/.test(version)) wrong.push(`provider "${name}" of version ${JSON.stringify(version)}: one whole version is pinned`);
  }
  const backends = Object.entries(objectOf(settings['backend']));
  if (backends.length !== 1) return [...wrong, 'there is not one backend'];
  const [kind, backend] = backends[0]! as [string, Json];
  if (buckets === undefined && kind === 'local') return wrong;
  const place = kind === 'gcs' ? backend['prefix'] : kind === 's3' ? backend['key'] : undefined;
  if (place !== (kind === 'gcs' ? `stacks/${stack}` : `stacks/${stack}.tfstate`)) wrong.push(`backend "${kind}" keeps the state of another stack, or of none`);
  if (buckets !== undefined && !buckets.includes(String(backend['bucket']))) wrong.push(`backend "${kind}" is in bucket ${JSON.stringify(backend['bucket'])}`);
  const known = kind === 'gcs' ? ['bucket', 'prefix'] : ['bucket', 'key', 'region', 'encrypt', 'kms_key_id', 'use_lockfile'];
  return [...wrong, ...Object.keys(backend).filter((key) => !known.includes(key)).map((key) => `${key} of backend "${kind}"`)];
}

/** The three ways in which synth has Helm reach a cluster: whoever is named as its host is shown the plan identity's token. */
const HELM_VALUES: Readonly<Record<string, readonly string[]>> = {
  host: ['${join("", ["https://", data.google_container_cluster.cluster.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint])}', '${data.aws_eks_cluster.cluster.endpoint}'],
  token: ['${data.google_client_config.caller.access_token}'],
  cluster_ca_certificate: ['${base64decode(data.aws_eks_cluster.cluster.certificate_authority[0].data)}'],
};

/** A token is asked for by the cloud's own command line, and by no other program; and it is shown to the cluster that the cloud names. */
function wrongInHelm(kubernetes: Json): string[] {
  const wrong = Object.keys(kubernetes).filter((key) => key !== 'exec' && !(key in HELM_VALUES)).map((key) => `kubernetes.${key} of provider "helm"`);
  for (const [key, allowed] of Object.entries(HELM_VALUES)) if (key in kubernetes && !allowed.includes(String(kubernetes[key]))) wrong.push(`kubernetes.${key} of provider "helm" is ${JSON.stringify(kubernetes[key])}`);
  for (const { command, args, env } of listOf(kubernetes['exec'])) {
    const isToken = command === 'aws' && Array.isArray(args) && args[0] === 'eks' && args[1] === 'get-token' && env === undefined && args.every((one) => typeof one === 'string' && /^[A-Za-z0-9._-]+$/.test(one));
    if (!isToken) wrong.push(`provider "helm" runs ${JSON.stringify(command)}`);
  }
  return wrong;
}

/** What is looked up. Others mint tokens, or read what is in a secret, a bucket or a parameter: a plan would hand it to whoever reads the plan, or to any host. */
const DATA: ReadonlySet<string> = new Set([
  'aws_db_instance',
  'aws_eks_cluster',
  'aws_kms_alias',
  'aws_route_table',
  'aws_security_group',
  'aws_subnet',
  'aws_vpc',
  'google_client_config',
  'google_container_cluster',
  'google_project',
  'google_service_account',
  'google_storage_project_service_account',
]);

/** A cluster of somebody else's would be shown the token, too. */
function wrongInClusters(data: Json, projects: readonly string[] | undefined): string[] {
  if (projects === undefined) return [];
  return Object.values(objectOf(data['google_container_cluster'])).map(objectOf).filter(({ project }) => !projects.includes(String(project))).map(({ project }) => `data "google_container_cluster" of project ${JSON.stringify(project)}`);
}

type Json = Readonly<Record<string, unknown>>;
const objectOf = (value: unknown): Json => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {});
const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(objectOf);

/**
 * What of a lock file would have npm ask anybody but the registry: a dependency from git, from a folder or from another address (that of the
 * cloud's metadata, say), or one whose content nothing pins.
 */
export function wrongInLock(text: string, registry: string): string[] {
  const lock = JSON.parse(text) as { lockfileVersion?: number; packages?: Record<string, { resolved?: string; integrity?: string; link?: boolean; inBundle?: boolean }> };
  if (lock.lockfileVersion !== 3 || lock.packages === undefined) return ['no package-lock.json of version 3'];
  return Object.entries(lock.packages).flatMap(([path, { resolved, integrity, link, inBundle }]) => {
    if (path === '') return [];
    if (!/^node_modules\/[A-Za-z0-9@._/-]+$/.test(path) || path.includes('..')) return [`${JSON.stringify(path)}: a place that npm never uses`];
    if (link === true) return [`${path}: a link`];
    // Without an address npm asks the registry that it is told of.
    if (resolved !== undefined && !resolved.startsWith(registry)) return [`${path}: from ${JSON.stringify(resolved)}, not from ${registry}`];
    return integrity === undefined && inBundle !== true ? [`${path}: nothing pins its content`] : [];
  });
}
