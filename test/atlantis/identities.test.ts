import { execFile, execFileSync } from 'node:child_process';
import { cpSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeCommand, kubeconfig, type ClusterLocation } from '../../infra/atlantis/kubeconfig';
import { ROOT } from './fleets';
import { COLD, warm } from '../warm';
import { BIN, type Ran } from './server';

const GCP = { STOCKADE_CLOUD: 'gcp', STOCKADE_GCP_PROJECT: 'example-staking-prod', STOCKADE_GCP_PROJECTS: 'example-staking-prod', STOCKADE_AWS_ACCOUNT: '111122223333', AWS_REGION: 'eu-central-1' };
const AWS = { ...GCP, STOCKADE_CLOUD: 'aws', STOCKADE_GCP_PROJECT_NUMBER: '123456789012' };

/** The server's programs as they are, among stand-ins for what only the clouds have: their command lines, a machine's metadata, Atlantis itself. */
const folder = mkdtempSync(join(tmpdir(), 'stockade-identities-'));
const state = join(folder, 'state');
const programs = join(folder, 'programs');
const asked: { readonly url: string; readonly flavor: string | undefined }[] = [];
let metadata: Server;
let metadataHost: string;

beforeAll(async () => {
  for (const path of [state, programs]) mkdirSync(path);
  metadata = createServer((request, response) => {
    asked.push({ url: request.url ?? '', flavor: request.headers['metadata-flavor'] as string | undefined });
    response.end('a-token-of-google');
  });
  await new Promise<void>((listening) => metadata.listen(0, '127.0.0.1', listening));
  metadataHost = `127.0.0.1:${(metadata.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((closed) => metadata.close(closed));
  rmSync(folder, { recursive: true, force: true });
});

/** A stand-in for a program, as a shell script. */
function standIn(name: string, script: string): void {
  writeFileSync(join(programs, name), `#!/bin/bash\n${script}\n`);
  chmodSync(join(programs, name), 0o755);
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran & { readonly stdout: string }> {
  const environment = { HOME: folder, ...warm(programs), STOCKADE_HOME: ROOT, STOCKADE_STATE: state, GCE_METADATA_HOST: metadataHost, ...env };
  return new Promise((settle) => {
    execFile(join(BIN, program), args, { env: environment, encoding: 'utf8' }, (error, stdout, stderr) => {
      settle({ code: error === null ? 0 : Number(error.code), stdout, output: stdout + stderr });
    });
  });
}

describe('as, on Google Cloud', () => {
  const show = ['bash', '-c', 'cat "$AWS_WEB_IDENTITY_TOKEN_FILE"; echo; echo "$AWS_ROLE_ARN $GOOGLE_IMPERSONATE_SERVICE_ACCOUNT $CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT"; stat -c %a "$AWS_WEB_IDENTITY_TOKEN_FILE"'];

  it.each(['plan', 'apply', 'deploy'])('makes a command %s in both clouds, and keeps nothing of it', async (who) => {
    asked.length = 0;
    const { code, output } = await run('as', [who, '--', ...show], GCP);
    const account = `stockade-${who}@example-staking-prod.iam.gserviceaccount.com`;
    expect(output).toBe(`a-token-of-google\narn:aws:iam::111122223333:role/stockade-${who} ${account} ${account}\n600\n`);
    expect(code).toBe(0);
    expect(asked).toEqual([{ url: '/computeMetadata/v1/instance/service-accounts/default/identity?audience=sts.amazonaws.com&format=full', flavor: 'Google' }]);
    expect(readdirSync(state).filter((name) => name.startsWith('as.'))).toEqual([]);
  });

  it('runs nothing without the machine\'s identity, and says what to look at', async () => {
    const { code, output } = await run('as', ['plan', '--', 'echo', 'ran'], { ...GCP, GCE_METADATA_HOST: '127.0.0.1:1' });
    expect(code).not.toBe(0);
    expect(output).toContain("error: the machine's metadata gives no token");
    expect(output).not.toContain('ran');
  });

  it('leaves nothing in the home folder of what a command keeps there of its keys', async () => {
    const before = readdirSync(folder).sort();
    expect(await run('as', ['deploy', '--', 'bash', '-c', 'mkdir -p ~/.aws/cli/cache && echo key > ~/.aws/cli/cache/x && cat ~/.aws/cli/cache/x'], GCP)).toMatchObject({ code: 0, output: 'key\n' });
    expect(readdirSync(folder).sort()).toEqual(before);
    expect(readdirSync(state).filter((name) => name.startsWith('as.'))).toEqual([]);
  });

  it('ends as its command ends', async () => expect(await run('as', ['plan', '--', 'bash', '-c', 'exit 7'], GCP)).toMatchObject({ code: 7 }));
});

describe('as, on Amazon', () => {
  it('takes the role by the instance\'s own, and is known to Google by it', async () => {
    const { code, stdout } = await run('as', ['apply', '--', 'bash', '-c', 'cat "$AWS_CONFIG_FILE"; echo ---; cat "$GOOGLE_APPLICATION_CREDENTIALS"; [ "$CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE" = "$GOOGLE_APPLICATION_CREDENTIALS" ]'], AWS);
    expect(code).toBe(0);
    const [config, credentials] = stdout.split('---\n');
    expect(config).toBe('[profile apply]\nrole_arn = arn:aws:iam::111122223333:role/stockade-apply\nrole_session_name = atlantis-apply\ncredential_source = Ec2InstanceMetadata\n');
    expect(JSON.parse(credentials!)).toMatchObject({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/stockade-atlantis/providers/amazon',
      service_account_impersonation_url: 'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/stockade-apply@example-staking-prod.iam.gserviceaccount.com:generateAccessToken',
      credential_source: { environment_id: 'aws1', imdsv2_session_token_url: 'http://169.254.169.254/latest/api/token' },
    });
    expect(credentials).not.toMatch(/private_key|secret/i);
  });
});

describe('as', () => {
  it.each([['root', '--', 'id'], ['plan', 'id'], ['plan', '--'], []])('takes three names, and a command: %j', async (...args) => {
    expect(await run('as', args.filter((arg) => typeof arg === 'string'), GCP)).toMatchObject({ code: 2, output: 'usage: as plan|apply|deploy -- <command> ...\n' });
  });

  it('has to be told where the machine is', async () => {
    const { code, output } = await run('as', ['plan', '--', 'echo', 'ran'], { ...GCP, STOCKADE_CLOUD: 'azure' });
    expect([code, output]).toEqual([1, 'error: STOCKADE_CLOUD is "azure"\n  next: Set it to gcp or aws: where this machine is.\n']);
  });
});

describe('a kubeconfig', () => {
  const GKE_DESCRIBED = '{"controlPlaneEndpointsConfig":{"dnsEndpointConfig":{"endpoint":"gke-1.europe-west1.gke.goog"}}}';
  const EKS_DESCRIBED = '{"cluster":{"endpoint":"https://A.gr7.eu-central-1.eks.amazonaws.com","certificateAuthority":{"data":"Q0E="}}}';
  const gke: ClusterLocation = { name: 'gke-europe-west1', cloud: 'gcp', project: 'example-staking-prod', region: 'europe-west1' };
  const eks: ClusterLocation = { name: 'eks-eu-central-1', cloud: 'aws', account: '111122223333', region: 'eu-central-1' };
  const bounds = { gcpProjects: ['example-staking-prod'], awsAccount: '111122223333' };

  it('leads to GKE by its DNS endpoint, with a token of the identity', async () => {
    standIn('gcloud', `echo "$CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT $*" >>${folder}/gcloud.log; echo '${GKE_DESCRIBED}'`);
    const { code, stdout, output } = await run('kubeconfig', ['plan', gke.name, join(ROOT, 'fleet')], { ...GCP, ...COLD });
    expect(output).toBe(join(state, 'kubeconfigs/plan/gke-europe-west1'));
    expect(code).toBe(0);
    const config = JSON.parse(readFileSync(stdout, 'utf8')) as { clusters: object[]; users: object[] };
    expect(config.clusters).toEqual([{ name: 'plan@gke-europe-west1', cluster: { server: 'https://gke-1.europe-west1.gke.goog' } }]);
    expect(config.users).toMatchObject([{ user: { exec: { command: join(BIN, 'as'), args: ['plan', '--', join(BIN, 'google-token')], interactiveMode: 'Never' } } }]);
    expect(readFileSync(join(folder, 'gcloud.log'), 'utf8')).toBe('stockade-plan@example-staking-prod.iam.gserviceaccount.com container clusters describe gke-europe-west1 --location=europe-west1 --project=example-staking-prod --format=json\n');
  });

  it('leads to EKS through the gateway, from a machine elsewhere, and by the network from Amazon', async () => {
    standIn('aws', `echo '${EKS_DESCRIBED}'`);
    const cluster = async (env: Readonly<Record<string, string>>): Promise<unknown> => {
      const { stdout } = await run('kubeconfig', ['deploy', eks.name, join(ROOT, 'fleet')], env);
      return (JSON.parse(readFileSync(stdout, 'utf8')) as { clusters: { cluster: unknown }[] }).clusters[0]!.cluster;
    };
    const direct = { server: 'https://A.gr7.eu-central-1.eks.amazonaws.com', 'certificate-authority-data': 'Q0E=' };
    expect(await cluster(AWS)).toEqual(direct);
    expect(await cluster({ ...GCP, STOCKADE_EKS_PROXY: 'http://127.0.0.1:3128' })).toEqual({ ...direct, 'proxy-url': 'http://127.0.0.1:3128' });
  });

  it('is never of a project or an account that the server was not given, whatever a pull request declares: nobody there is even asked', async () => {
    expect(() => describeCommand({ ...gke, project: 'mallory-1' }, bounds)).toThrow(/project "mallory-1", in which this server looks for none\n {2}allowed: example-staking-prod/);
    expect(() => describeCommand({ ...eks, account: '999988887777' }, bounds)).toThrow(/account "999988887777"/);
    expect(() => describeCommand({ ...gke, region: '--impersonate-service-account=x' }, bounds)).toThrow(/which is not a region/);
    standIn('gcloud', `touch ${folder}/asked`);
    const { code, output } = await run('kubeconfig', ['plan', gke.name, join(ROOT, 'fleet')], { ...GCP, STOCKADE_GCP_PROJECTS: 'another-project' });
    expect([code, output]).toEqual([1, expect.stringContaining('error: cluster "gke-europe-west1" is in project "example-staking-prod"')]);
    expect(existsSync(join(folder, 'asked'))).toBe(false);
  });

  it('leads to no host that the cloud doesn\'t give', () => {
    const options = { identity: 'plan', bin: BIN } as const;
    expect(() => kubeconfig(gke, GKE_DESCRIBED.replace('gke.goog', 'example.com'), options)).toThrow(/no endpoint/);
    expect(() => kubeconfig(gke, '{}', options)).toThrow(/no endpoint of cluster "gke-europe-west1"\n {2}next: Apply its stacks first/);
    expect(() => kubeconfig(eks, EKS_DESCRIBED.replace('https://', 'http://'), options)).toThrow(/no endpoint/);
    expect(() => kubeconfig(eks, 'nothing', options)).toThrow(/no endpoint/);
  });

  it('says what failed, and leaves the one that was there', async () => {
    standIn('gcloud', 'echo "ERROR: 403 Permission denied" >&2; exit 1');
    const { code, output } = await run('kubeconfig', ['apply', gke.name, join(ROOT, 'fleet')], GCP);
    expect(code).toBe(1);
    expect(output).toContain('identity "apply" can\'t ask the cloud about cluster "gke-europe-west1"\n    ERROR: 403 Permission denied\n  next: Apply its stacks first');
    const unknown = await run('kubeconfig', ['apply', 'gke-europe-west9', join(ROOT, 'fleet')], GCP);
    expect(unknown.output).toContain('cluster "gke-europe-west9" is unknown');
    expect((await run('kubeconfig', ['apply', '../x', join(ROOT, 'fleet')], GCP)).output).toContain('"../x" can\'t be a name');
    expect((await run('kubeconfig', ['root', gke.name, join(ROOT, 'fleet')], GCP)).output).toContain('"root" is not an identity');
    expect(existsSync(join(state, 'kubeconfigs/apply/gke-europe-west1'))).toBe(false);
  });

  it('gets from Google a token in the form that kubectl asks for', async () => {
    standIn('gcloud', 'echo a-token');
    expect(JSON.parse((await run('google-token', [], {})).stdout)).toEqual({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'a-token' } });
  });
});

describe('start', () => {
  const SECRETS = { STOCKADE_SECRET_TOKEN: 'atlantis-github-token', STOCKADE_SECRET_WEBHOOK: 'atlantis-webhook-secret' };

  it.each([
    { cloud: 'gcp', env: GCP, cli: 'gcloud', call: 'secrets versions access latest --secret=atlantis-github-token --project=example-staking-prod --quiet' },
    { cloud: 'aws', env: AWS, cli: 'aws', call: 'secretsmanager get-secret-value --secret-id atlantis-github-token --query SecretString --output text' },
  ])('gives the server its two secrets on $cloud, in its own environment alone', async ({ env, cli, call }) => {
    const log = join(folder, `${cli}-secrets.log`);
    standIn(cli, `echo "$*" >>${log}; case "$*" in *github-token*) echo hunter2;; *) echo hunter3;; esac`);
    // Atlantis refuses a token without its user.
    standIn('atlantis', '[ -n "$ATLANTIS_GH_USER" ] && [ "$ATLANTIS_GH_TOKEN/$ATLANTIS_GH_WEBHOOK_SECRET" = hunter2/hunter3 ] && echo "atlantis $*"');
    expect(await run('start', [], { ...env, ...SECRETS, ATLANTIS_GH_USER: 'bot' })).toMatchObject({ code: 0, output: 'atlantis server\n' });
    expect(readFileSync(log, 'utf8').split('\n')[0]).toBe(call);
  });

  it('does not start without one', async () => {
    standIn('atlantis', 'echo started');
    standIn('gcloud', 'case "$*" in *github-token*) echo hunter2;; *) exit 1;; esac');
    const { code, output } = await run('start', [], { ...GCP, ...SECRETS });
    expect([code, output]).toEqual([1, 'error: secret "atlantis-webhook-secret" can\'t be read\n  next: Put its first version there: docs/starting.md.\n']);
    standIn('gcloud', 'true');
    expect((await run('start', [], { ...GCP, ...SECRETS })).output).toContain('a secret of the server is empty');
  });
});

describe('the gateway', () => {
  const env = { ...GCP, STOCKADE_EKS_PROXY: 'http://127.0.0.1:3128' };

  it('is one port of the management network\'s machine, by Session Manager, as plan', async () => {
    standIn('aws', `case "$*" in *describe-instances*) echo i-0123456789abcdef0;; *) echo "$AWS_ROLE_ARN $*";; esac`);
    expect((await run('gateway', [], env)).stdout).toBe(
      'arn:aws:iam::111122223333:role/stockade-plan ssm start-session --target i-0123456789abcdef0 --document-name AWS-StartPortForwardingSession --parameters portNumber=3128,localPortNumber=3128\n',
    );
  });

  it('says so where no machine runs', async () => {
    standIn('aws', 'echo None');
    expect((await run('gateway', [], env)).output).toContain('error: no gateway is running in eu-central-1');
  });
});

describe('a plan of Terraform', () => {
  const env = { ...GCP, STOCKADE_EKS_PROXY: 'http://127.0.0.1:3128' };
  /** What `terraform plan` was called with, and through what it would reach a private control plane. */
  async function planned(name: string, stack: object): Promise<string> {
    const checkout = join(folder, name);
    mkdirSync(checkout);
    const git = (...args: string[]): string => execFileSync('git', ['-C', checkout, '-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args], { encoding: 'utf8' }).trim();
    git('init', '--quiet', '--initial-branch=main');
    git('remote', 'add', 'origin', '.');
    cpSync(join(ROOT, 'fleet'), join(checkout, 'fleet'), { recursive: true });
    writeFileSync(join(checkout, 'x'), name);
    git('add', '--all');
    git('commit', '--quiet', '--message', name);
    const rendered = join(state, 'rendered', git('rev-parse', 'HEAD^{tree}'), 'cdktf.out/stacks', name);
    mkdirSync(rendered, { recursive: true });
    writeFileSync(join(rendered, 'cdk.tf.json'), JSON.stringify(stack));
    standIn('terraform', 'for arg in "$@"; do case $arg in -out=*) : >"${arg#-out=}";; esac; done; case "$*" in *" plan "*) echo "$* proxy=$KUBE_PROXY_URL as=$GOOGLE_IMPERSONATE_SERVICE_ACCOUNT";; esac');
    const { code, stdout } = await run('terraform-plan', [], { ...env, DIR: checkout, PLANFILE: join(checkout, 'plan'), PROJECT_NAME: name, HEAD_COMMIT: git('rev-parse', 'HEAD'), BASE_BRANCH_NAME: 'main', REPO_REL_DIR: `infra/projects/${name}`, WORKSPACE: 'default' });
    expect(code).toBe(0);
    return stdout;
  }

  it('looks at everything that the stack has, as plan', async () => {
    const said = await planned('gke-us-east4-network', { resource: { google_compute_network: {} } });
    expect(said).toContain('-lock=false -refresh=true ');
    expect(said).toContain('proxy= as=stockade-plan@');
  });

  it('of add-ons goes by their state, since Helm keeps releases where plan may not look; on Amazon through the gateway', async () => {
    expect(await planned('gke-us-east4-add-ons', { resource: { helm_release: {} } })).toContain('-lock=false -refresh=false ');
    expect(await planned('eks-us-east-2-add-ons', { data: { aws_eks_cluster: {} }, resource: { helm_release: {} } })).toMatch(/-refresh=false .* proxy=http:\/\/127\.0\.0\.1:3128 as=/);
  });
});
