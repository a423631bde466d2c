import type { Infrastructure } from '../../model/types';
import type { StackContext } from '../context';
import { gcpProjects } from '../context/gcp';

/** Where Atlantis listens, on its machine. */
export const ATLANTIS_PORT = 4141;
const SERVER = '/opt/stockade/infra/atlantis/server';
/** Where the gateway's proxy is to be had on the machine, while `bin/gateway` runs. */
const GATEWAY_PORT = 3128;

/**
 * What Atlantis' machine runs at each start, a shell script. It holds names and no secret; these the container fetches itself, by the machine's identity, into its memory. A new
 * setting therefore takes a restart and no new machine.
 *
 * @param more settings that only the stack knows, by their name
 */
export function machineScript(context: StackContext, more: Readonly<Record<string, string>> = {}): string {
  const { infrastructure } = context.fleet;
  const { home, gcp, aws, atlantis, state } = infrastructure;
  const settings = {
    ATLANTIS_ATLANTIS_URL: `https://${atlantis.hostname}`,
    ATLANTIS_PORT: String(ATLANTIS_PORT),
    ATLANTIS_GH_USER: atlantis.user,
    ATLANTIS_REPO_ALLOWLIST: atlantis.repository,
    STOCKADE_CLOUD: home.cloud,
    STOCKADE_STATE_BUCKETS: `${state.gcp.bucket} ${state.aws.bucket}`,
    STOCKADE_GCP_PROJECT: gcp.project,
    STOCKADE_GCP_PROJECTS: gcpProjects(context).join(' '),
    STOCKADE_AWS_ACCOUNT: aws.account,
    STOCKADE_SECRET_TOKEN: atlantis.secrets.token,
    STOCKADE_SECRET_WEBHOOK: atlantis.secrets.webhook,
    AWS_REGION: aws.management.region,
    // Private control planes on Amazon are reached by their network from there, and through a gateway from elsewhere.
    ...(home.cloud === 'aws' ? {} : { STOCKADE_EKS_PROXY: `http://127.0.0.1:${GATEWAY_PORT}` }),
    ...more,
  };
  const units = { atlantis: ['start', ...SANDBOX], ...(home.cloud === 'aws' ? {} : { 'atlantis-gateway': ['gateway'] }) };
  return [
    '#!/bin/bash',
    'set -euo pipefail; umask 077',
    'mkdir -p /etc/atlantis',
    file('/etc/atlantis/settings', Object.entries(settings).map(([name, value]) => `${name}=${value}`)),
    ...Object.entries(units).map(([name, [program, ...options]]) => file(`/etc/systemd/system/${name}.service`, unit(infrastructure, name, program!, options))),
    // All of a container has nine tenths of the machine's memory: what is left keeps the machine reachable.
    `echo "MEMORY=$(($(sed -n 's/^MemTotal: *\\([0-9]*\\) kB$/\\1/p' /proc/meminfo) * 9 / 10))k" >/etc/atlantis/bounds`,
    // Google's image has Docker, and a firewall of its own that lets in SSH alone; Amazon Linux has neither.
    ...(home.cloud === 'gcp' ? [`iptables -w -C ${FROM_FRONT} 2>/dev/null || iptables -w -A ${FROM_FRONT}`] : ['command -v docker >/dev/null || dnf -q -y install docker']),
    // The sandbox is made of user namespaces.
    'sysctl -q -w user.max_user_namespaces=1000',
    'systemctl daemon-reload',
    `systemctl restart --no-block ${Object.keys(units).join(' ')}`,
    '',
  ].join('\n');
}

const FROM_FRONT = `INPUT -p tcp --dport ${ATLANTIS_PORT} -j ACCEPT`;

/**
 * What the container may do beside what any container may: make user namespaces, which Docker's default profiles refuse, and mount a `/proc` in one, which the kernel
 * refuses while Docker hides parts of the container's own (containers/bubblewrap#505).
 */
const SANDBOX = ['--security-opt seccomp=unconfined', '--security-opt apparmor=unconfined', '--security-opt systempaths=unconfined'];

/**
 * One container, as a service of systemd. What it keeps is in a volume of Docker's, which begins with the image's own folder and its owner, and from which programs may be
 * run: Terraform's providers are. It is on the machine's own network: the metadata, which give it its identity, answer nobody who is a hop further.
 */
function unit({ atlantis, home }: Infrastructure, name: string, program: string, options: readonly string[]): string[] {
  const image = `${atlantis.image}${atlantis.digest === undefined ? `:${atlantis.version}` : `@${atlantis.digest}`}`;
  const login = registryLogin(atlantis.image, home.cloud);
  const run = ['--rm', '--init', `--name ${name}`, '--network host', '--env-file /etc/atlantis/settings', '--cap-drop ALL', '--security-opt no-new-privileges', '--memory $MEMORY --memory-swap $MEMORY --pids-limit 8192', ...options, '--volume atlantis:/var/lib/stockade'];
  return [
    '[Unit]',
    `Description=${name === 'atlantis' ? 'Atlantis' : 'The way to private control planes on Amazon'}`,
    'Requires=docker.service',
    'Wants=network-online.target',
    'After=network-online.target docker.service',
    '[Service]',
    'Restart=always',
    'RestartSec=10',
    'TimeoutStartSec=600',
    // Where Docker keeps who it is to registries; a token of some hours at most.
    `RuntimeDirectory=${name}`,
    `Environment=HOME=/run/${name}`,
    'EnvironmentFile=/etc/atlantis/bounds',
    ...(login === undefined ? [] : [`ExecStartPre=${login}`]),
    `ExecStartPre=-/usr/bin/docker rm -f ${name}`,
    `ExecStart=/usr/bin/docker run ${run.join(' ')} --entrypoint ${SERVER}/bin/${program} ${image}`,
    `ExecStop=/usr/bin/docker stop -t 60 ${name}`,
  ];
}

/** How Docker logs in to a cloud's own registry, with the machine's identity; undefined where the image is anybody's. */
function registryLogin(image: string, cloud: 'gcp' | 'aws'): string | undefined {
  const registry = image.split('/')[0]!;
  if (cloud === 'gcp') return inArtifactRegistry(image) === undefined ? undefined : `/usr/bin/docker-credential-gcr configure-docker --registries=${registry}`;
  const ecr = inEcr(image);
  return ecr && `/bin/bash -c 'aws ecr get-login-password --region ${ecr.region} | docker login --username AWS --password-stdin ${registry}'`;
}

/** The project of an image in Artifact Registry; undefined for another registry. */
export const inArtifactRegistry = (image: string): string | undefined => /^[a-z0-9-]+\.pkg\.dev\/([^/]+)\//.exec(image)?.[1];

/** Where in ECR an image is; undefined for another registry. */
export function inEcr(image: string): { readonly account: string; readonly region: string; readonly repository: string } | undefined {
  const [, account, region, repository] = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/(.+)$/.exec(image) ?? [];
  return account === undefined || region === undefined || repository === undefined ? undefined : { account, region, repository };
}

/** A here-document whose end no line of ours is, and in which the shell reads nothing. */
const file = (path: string, lines: readonly string[]): string => [`cat >${path} <<'END-OF-FILE'`, ...lines, 'END-OF-FILE'].join('\n');

/** On Amazon: the parameter that holds the script. User data would hold it too, but to change them Terraform stops the machine that it runs on. */
export const SCRIPT_PARAMETER = '/stockade/atlantis/machine';

/**
 * User data of the machine on Amazon, which never change: a service that fetches the script and runs it, at each start. It comes late, since Amazon Linux knows only then where its
 * packages are, and tries again until it has got through.
 *
 * @param region of the parameter
 */
export function fetchScript(region: string): string {
  return [
    '#!/bin/bash',
    'set -euo pipefail',
    file('/etc/systemd/system/atlantis-setup.service', [
      '[Unit]',
      "Description=What Atlantis' machine runs, as its stack says",
      'Wants=network-online.target',
      'After=network-online.target cloud-final.service',
      '[Service]',
      'Type=oneshot',
      'Restart=on-failure',
      'RestartSec=30',
      'UMask=0077',
      `ExecStart=/bin/bash -euo pipefail -c 'aws ssm get-parameter --region ${region} --name ${SCRIPT_PARAMETER} --query Parameter.Value --output text >/run/atlantis-setup && bash /run/atlantis-setup'`,
      '[Install]',
      'WantedBy=multi-user.target',
    ]),
    'systemctl daemon-reload',
    'systemctl enable --now --no-block atlantis-setup.service',
    '',
  ].join('\n');
}
