import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fetchScript, machineScript } from '../../infra/machines/atlantis';
import { atHomeOnAmazon, exampleStacks } from '../infra/stacks';
import { ROOT } from './fleets';
import { BIN, missingPrograms } from './server';

const obstacle = missingPrograms(['bwrap', 'bubblewrap']);
const { context } = exampleStacks();

/** What Atlantis' machine runs at each start, on a machine of its own: the system's programs, empty folders, and stand-ins for systemd, sysctl and a package manager. */
describe.skipIf(obstacle !== undefined)(`the machine of Atlantis${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-machine-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function start(name: string, script: string, { docker = true } = {}): { readonly etc: string; readonly log: string; readonly again: () => void } {
    const [etc, programs, log] = [join(folder, name, 'etc'), join(folder, name, 'programs'), join(folder, name, 'log')];
    mkdirSync(join(etc, 'systemd/system'), { recursive: true });
    mkdirSync(programs, { recursive: true });
    writeFileSync(log, '');
    for (const program of ['systemctl', 'sysctl', 'dnf', 'iptables', ...(docker ? ['docker'] : [])]) {
      writeFileSync(join(programs, program), `#!/bin/sh\necho "${program} $*" >>/log\n`);
      chmodSync(join(programs, program), 0o755);
    }
    writeFileSync(join(folder, name, 'script'), script);
    const run = (): void => {
      const system = ['--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/run', '--tmpfs', '/var'];
      const own = ['--bind', etc, '/etc', '--bind', log, '/log', '--ro-bind', programs, '/programs', '--ro-bind', join(folder, name, 'script'), '/script'];
      execFileSync('bwrap', ['--unshare-all', '--uid', '0', '--gid', '0', '--clearenv', '--setenv', 'PATH', '/programs:/usr/bin', ...system, ...own, 'bash', '/script'], { stdio: 'pipe' });
    };
    run();
    return { etc, log, again: run };
  }

  it('at home on Google Cloud starts Atlantis and the way to Amazon, and keeps no secret', () => {
    const { etc, log } = start('gcp', machineScript(context));
    const settings = readFileSync(join(etc, 'atlantis/settings'), 'utf8');
    expect(settings.split('\n')).toEqual(
      expect.arrayContaining(['STOCKADE_CLOUD=gcp', 'STOCKADE_EKS_PROXY=http://127.0.0.1:3128', 'STOCKADE_GCP_PROJECTS=example-staking-prod', 'STOCKADE_SECRET_TOKEN=atlantis-github-token', 'ATLANTIS_REPO_ALLOWLIST=github.com/example-staking/fleet', 'ATLANTIS_GH_USER=example-staking-atlantis']),
    );
    expect(statSync(join(etc, 'atlantis/settings')).mode & 0o777).toBe(0o600);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual(['iptables -w -C INPUT -p tcp --dport 4141 -j ACCEPT', 'sysctl -q -w user.max_user_namespaces=1000', 'systemctl daemon-reload', 'systemctl restart --no-block atlantis atlantis-gateway']);
    const unit = readFileSync(join(etc, 'systemd/system/atlantis.service'), 'utf8');
    expect(unit).toContain('--cap-drop ALL --security-opt no-new-privileges');
    // Nine tenths of the machine's memory, which systemd reads from a file that the script writes.
    expect(unit).toContain('--memory $MEMORY --memory-swap $MEMORY --pids-limit 8192');
    expect(unit).toContain('EnvironmentFile=/etc/atlantis/bounds');
    const [, total] = /^MemTotal: *(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))!;
    expect(readFileSync(join(etc, 'atlantis/bounds'), 'utf8')).toBe(`MEMORY=${Math.floor((Number(total) * 9) / 10)}k\n`);
    expect(unit).toContain('--entrypoint /opt/stockade/infra/atlantis/server/bin/start registry.example.com/staking/atlantis:0.1.0');
    const gateway = readFileSync(join(etc, 'systemd/system/atlantis-gateway.service'), 'utf8');
    expect(gateway).toContain('/bin/gateway registry.example.com');
    expect(gateway).not.toContain('unconfined');
  });

  it('names programs that the image has, and every setting that they ask for', () => {
    const { etc } = start('programs', machineScript(context));
    const settings = new Set(readFileSync(join(etc, 'atlantis/settings'), 'utf8').split('\n').map((line) => line.split('=')[0]!));
    for (const name of ['atlantis', 'atlantis-gateway']) {
      const [, program] = /--entrypoint \/opt\/stockade\/infra\/atlantis\/server\/bin\/(\S+) /.exec(readFileSync(join(etc, `systemd/system/${name}.service`), 'utf8'))!;
      expect(statSync(join(BIN, program!)).mode & 0o111).not.toBe(0);
      for (const [, setting] of readFileSync(join(BIN, program!), 'utf8').matchAll(/\$\{(STOCKADE_[A-Z_]+)(?::\?|##)/g)) expect(settings, `${program}: ${setting}`).toContain(setting);
    }
    for (const [, setting] of readFileSync(join(BIN, 'as'), 'utf8').matchAll(/\$\{(STOCKADE_[A-Z_]+):\?/g)) if (setting !== 'STOCKADE_GCP_PROJECT_NUMBER') expect(settings).toContain(setting);
  });

  it('at home on Amazon installs what its system lacks, and reaches control planes by the network', () => {
    const { etc, log } = start('aws', machineScript(atHomeOnAmazon(context), { STOCKADE_GCP_PROJECT_NUMBER: '123456789012' }), { docker: false });
    const settings = readFileSync(join(etc, 'atlantis/settings'), 'utf8');
    expect(settings).toContain('STOCKADE_CLOUD=aws\n');
    expect(settings).toContain('STOCKADE_GCP_PROJECT_NUMBER=123456789012\n');
    expect(settings).not.toContain('STOCKADE_EKS_PROXY');
    if (spawnSync('sh', ['-c', 'command -v /usr/bin/docker']).status !== 0) expect(readFileSync(log, 'utf8')).toContain('dnf -q -y install docker\n');
    expect(readFileSync(log, 'utf8')).toContain('systemctl restart --no-block atlantis\n');
    expect(existsSync(join(etc, 'systemd/system/atlantis-gateway.service'))).toBe(false);
  });

  it('on Amazon has a service that fetches what it runs, late and until it has got it', () => {
    const { etc, log } = start('fetch', fetchScript('eu-central-1'));
    const unit = readFileSync(join(etc, 'systemd/system/atlantis-setup.service'), 'utf8');
    expect(unit).toContain('After=network-online.target cloud-final.service');
    expect(unit).toContain('Restart=on-failure');
    expect(unit).toContain('aws ssm get-parameter --region eu-central-1 --name /stockade/atlantis/machine ');
    expect(readFileSync(log, 'utf8')).toBe('systemctl daemon-reload\nsystemctl enable --now --no-block atlantis-setup.service\n');
    // What it fetches fits a parameter.
    expect(machineScript(atHomeOnAmazon(context), { STOCKADE_GCP_PROJECT_NUMBER: '123456789012' }).length).toBeLessThan(4096);
  });

  it('comes to the same at its second start', () => {
    const { etc, log, again } = start('again', machineScript(context));
    const before = [readFileSync(join(etc, 'atlantis/settings'), 'utf8'), readFileSync(log, 'utf8')];
    again();
    expect([readFileSync(join(etc, 'atlantis/settings'), 'utf8'), readFileSync(log, 'utf8')]).toEqual([before[0], `${before[1]}${before[1]}`]);
  });

  describe('in whose container the sandbox is to run', () => {
    /** As Docker has it: another user, no capabilities, and, unless it is told otherwise, parts of /proc covered. */
    const inContainer = (covered: boolean): { readonly status: number | null; readonly output: string } => {
      const source = join(folder, `source-${covered}`);
      const out = join(folder, `out-${covered}`);
      for (const path of [source, out]) mkdirSync(path, { mode: 0o777 });
      // Of what Docker covers, what this kernel has.
      const hidden = ['kcore', 'keys', 'latency_stats', 'timer_list'].map((name) => `/proc/${name}`).filter((path) => existsSync(path));
      expect(hidden.length).toBeGreaterThan(0);
      const cover = covered ? hidden.flatMap((path) => ['--ro-bind', '/dev/null', path]) : [];
      const { status, stdout, stderr } = spawnSync('bwrap', ['--unshare-all', '--uid', '4141', '--gid', '4141', '--cap-drop', 'ALL', '--dev-bind', '/', '/', '--proc', '/proc', ...cover, '--', join(BIN, 'sandbox'), '--source', source, '--out', out, '--', 'bash', '-c', 'echo ran > /out/ran'], { encoding: 'utf8', env: { ...process.env, STOCKADE_HOME: ROOT } });
      return { status, output: stdout + stderr };
    };

    it('runs where the container\'s /proc is whole, and not where Docker covers parts of it', () => {
      expect(inContainer(false)).toEqual({ status: 0, output: '' });
      expect(readFileSync(join(folder, 'out-false/ran'), 'utf8')).toBe('ran\n');
      expect(inContainer(true)).toMatchObject({ status: 1, output: expect.stringContaining("Can't mount proc") });
      expect(machineScript(context)).toContain('--security-opt systempaths=unconfined');
    });
  });
});
