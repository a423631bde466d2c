import { spawn } from 'node:child_process';
import { refuse, UserError } from '../../errors/user-error';
import type { Manifest } from '../../constructs/manifest';
import { unreached } from './get-in';
import type { Access, Output } from './access';

/** An object as the API server has it. */
export interface Live extends Manifest {
  metadata: Manifest['metadata'] & { readonly uid: string; readonly generation?: number; readonly managedFields?: readonly ManagedFields[] };
  readonly spec?: unknown;
}

export interface ManagedFields {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

/** Who owns the fields that reviewed manifests set. */
export const FIELD_MANAGER = 'stockade';

/** What a kind is called in paths; undefined where the cluster doesn't serve it. */
export type Served = (object: { readonly apiVersion: string; readonly kind: string }) => Promise<{ readonly plural: string; readonly namespaced: boolean } | undefined>;

/** Asks the API server once for each group and version. */
export function discovery(access: Access): Served {
  const known = new Map<string, Promise<ReadonlyMap<string, { plural: string; namespaced: boolean }>>>();
  const ask = async (apiVersion: string): Promise<ReadonlyMap<string, { plural: string; namespaced: boolean }>> => {
    const found = await getRaw<{ resources: { name: string; kind: string; namespaced: boolean }[] }>(access, rootOf(apiVersion));
    return new Map((found?.resources ?? []).filter(({ name }) => !name.includes('/')).map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }]));
  };
  return async ({ apiVersion, kind }) => {
    if (!known.has(apiVersion)) known.set(apiVersion, ask(apiVersion));
    return (await known.get(apiVersion))!.get(kind);
  };
}

export const rootOf = (apiVersion: string): string => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

/** A GET; undefined where nothing is there. @throws UserError */
export async function getRaw<T>(access: Access, path: string): Promise<T | undefined> {
  const { code, stdout, stderr } = await kubectl(access, ['get', '--raw', path]);
  if (code === 0) return JSON.parse(stdout) as T;
  if (/\(NotFound\)/.test(stderr)) return undefined;
  unreached(access, stderr);
  return refuse(`GET ${path} failed`, 'Check that this identity may read. A cluster that is new is planned again once its stacks are applied.', stderr.trim());
}

export interface ApplyResult {
  /** In the order in which they came back; what is missing was refused. */
  readonly objects: readonly Live[];
  /** The API server's own words. Empty: all went through. */
  readonly refused: string;
}

/** Server-side apply with strict validation, never by force. */
export async function applyServerSide(access: Access, objects: readonly Manifest[], { dryRun = false } = {}): Promise<ApplyResult> {
  if (objects.length === 0) return { objects: [], refused: '' };
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const args = ['apply', '--server-side', `--field-manager=${FIELD_MANAGER}`, '--validate=strict', ...(dryRun ? ['--dry-run=server'] : []), '--output=json', '--show-managed-fields', '--filename=-'];
  const { code, stdout, stderr } = await kubectl(access, args, list);
  const output = stdout.trim() === '' ? undefined : (JSON.parse(stdout) as Live & { items?: Live[] });
  const done = output === undefined ? [] : output.kind === 'List' ? (output.items ?? []) : [output];
  const refused = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Warning:')).join('\n');
  return { objects: done, refused: code === 0 ? '' : refused || `kubectl ended with ${code}` };
}

/** A merge patch of one object. @throws UserError with the API server's words */
export async function patch(access: Access, { plural, namespace, name }: { plural: string; namespace: string; name: string }, body: unknown): Promise<void> {
  const { code, stderr } = await kubectl(access, ['--namespace', namespace, 'patch', plural, name, '--type=merge', '--field-manager=stockade-operator', `--patch=${JSON.stringify(body)}`]);
  if (code === 0) return;
  unreached(access, stderr);
  refuse(`${plural} ${namespace}/${name} was not patched`, 'Do what the refusal says. If it is a policy of ours, its runbook is in docs/runbooks.', stderr.trim());
}

/** Arguments go to kubectl as they are, through no shell. */
function kubectl({ kubeconfig, kubectl: program = 'kubectl' }: Access, args: readonly string[], input?: string): Promise<Output> {
  if (typeof program !== 'string') return program(args, input);
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new UserError([{ message: `"${program}" is not there`, next: 'Install kubectl, or put it on the PATH.' }]) : error),
    );
    child.on('close', (code) => resolve({ code: code ?? 1, stdout: Buffer.concat(stdout).toString('utf8'), stderr: Buffer.concat(stderr).toString('utf8') }));
    // It may end before it has read all.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}
