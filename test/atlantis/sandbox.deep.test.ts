import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './fleets';
import { BIN, missingPrograms } from './server';

const obstacle = missingPrograms(['bwrap', 'bubblewrap'], ['ip', 'iproute2']);

/** What a pull request's code could try; each is run without the sandbox too, where it succeeds. */
describe.skipIf(obstacle !== undefined)(`the sandbox${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-sandbox-'));
  const source = join(folder, 'source');
  const out = join(folder, 'out');
  const credential = join(folder, 'credentials');
  let server: Server;
  let port: number;

  beforeAll(async () => {
    for (const path of [source, out]) mkdirSync(path);
    chmodSync(folder, 0o755);
    chmodSync(out, 0o777);
    writeFileSync(credential, 'aws_secret_access_key = hunter2');
    writeFileSync(join(source, 'declared.yaml'), 'kind: x\n');
    server = createServer((socket) => void socket.end('reached'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Outcome {
    readonly code: number | null;
    readonly text: string;
  }
  /** Not `spawnSync`: the server that it may try to reach is in this process. */
  const run = (command: readonly [string, ...string[]], env: Record<string, string> = {}): Promise<Outcome> =>
    new Promise((done) => {
      const child = spawn(command[0], command.slice(1), { env: { PATH: process.env['PATH']!, ...env } });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      child.on('close', (code) => done({ code, text }));
    });
  const inside = (script: string, ...options: string[]): Promise<Outcome> =>
    run([join(BIN, 'sandbox'), '--source', source, '--out', out, ...options, '--', 'node', '-e', script], { STOCKADE_HOME: ROOT, AWS_SECRET_ACCESS_KEY: 'hunter2', GOOGLE_APPLICATION_CREDENTIALS: credential });
  const outside = (script: string): Promise<Outcome> => run(['node', '-e', script], { AWS_SECRET_ACCESS_KEY: 'hunter2' });

  it('reads its sources and writes its output', async () => {
    expect(await inside(`const fs = require('fs'); fs.writeFileSync('/out/made.txt', fs.readFileSync('declared.yaml'))`)).toEqual({ code: 0, text: '' });
    expect(readFileSync(join(out, 'made.txt'), 'utf8')).toBe('kind: x\n');
  });

  it('has no credential in its environment', async () => {
    const script = `console.log(JSON.stringify(Object.keys(process.env).sort()), process.env.AWS_SECRET_ACCESS_KEY)`;
    expect((await outside(script)).text).toContain('hunter2');
    const { text } = await inside(script);
    expect(text).toMatch(/\] undefined\n$/);
    expect(JSON.parse(text.replace(/ undefined\n$/, ''))).toEqual(['HOME', 'LANG', 'PATH', 'PWD', 'TMPDIR']);
  });

  it('can not read a credential from a file, nor from another process', async () => {
    const read = `console.log(require('fs').readFileSync(${JSON.stringify(credential)}, 'utf8'))`;
    expect((await outside(read)).text).toContain('hunter2');
    const refused = await inside(read);
    expect(refused.code).not.toBe(0);
    expect(refused.text).toContain('ENOENT');
    const processes = `console.log(require('fs').readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length)`;
    expect(Number((await outside(processes)).text)).toBeGreaterThan(5);
    expect(Number((await inside(processes)).text)).toBeLessThan(5);
    for (const path of ['/root', '/var', '/home/..data', '/run', '/etc/passwd', '/etc/shadow', '/work/node_modules']) {
      expect((await inside(`console.log(require('fs').existsSync(${JSON.stringify(path)}))`)).text, path).toBe('false\n');
    }
  });

  const connect = (host: string, to: number): string =>
    `const s = require('net').connect(${to}, ${JSON.stringify(host)}); s.setTimeout(5000, () => { console.log('silence'); process.exit(1) }); s.on('data', (d) => console.log(String(d))); s.on('error', (e) => { console.log(e.code); process.exit(1) })`;

  it('can open no socket to anything', async () => {
    expect((await outside(connect('127.0.0.1', port))).text).toBe('reached\n');
    const refused = await inside(connect('127.0.0.1', port));
    expect(refused).toEqual({ code: 1, text: 'ECONNREFUSED\n' });
    const addresses = await inside(`console.log(JSON.stringify(Object.keys(require('os').networkInterfaces())))`);
    expect(['[]\n', '["lo"]\n']).toContain(addresses.text);
  });

  it('can not reach the metadata address, where there is one', () => {
    // A network of its own, in which something answers there; what the sandbox is told apart by is `--network` alone.
    const answering = `require('net').createServer((s) => s.end('token')).listen(80, '169.254.169.254')`;
    const probe = connect('169.254.169.254', 80).replaceAll('"', '\\"');
    const script = (options: string): string =>
      `ip link set lo up; ip addr add 169.254.169.254/32 dev lo; node -e "${answering}" & server=$!; for n in $(seq 100); do ss -ltn 2>/dev/null | grep -q 169.254.169.254:80 && break; node -e "${probe}" >/dev/null 2>&1 && break; done; ` +
      `STOCKADE_HOME=${ROOT} ${join(BIN, 'sandbox')} --source ${source} --out ${out} ${options} -- node -e "${probe}"; code=$?; kill $server; exit $code`;
    const within = (options: string) => spawnSync('unshare', ['--net', 'bash', '-c', script(options)], { encoding: 'utf8' });
    expect(within('--network').stderr).toBe('token\n');
    const refused = within('');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^(ENETUNREACH|EHOSTUNREACH|ECONNREFUSED)\n$/);
  });

  it('can write nowhere but to its output', async () => {
    for (const path of ['/work/declared.yaml', '/work/new', '/usr/bin/new', '/new']) {
      const { code, text } = await inside(`require('fs').writeFileSync(${JSON.stringify(path)}, 'x')`);
      expect(code, path).not.toBe(0);
      expect(text, path).toMatch(/EROFS|EACCES/);
    }
    expect(readdirSync(source)).toEqual(['declared.yaml']);
    // Its own temporary folder is memory, and gone with it.
    expect((await inside(`require('fs').writeFileSync('/tmp/x', 'x')`)).code).toBe(0);
  });

  it('has no powers: no mounts, no other user', async () => {
    const capabilities = await inside(`console.log(/CapEff:\\s*(\\w+)/.exec(require('fs').readFileSync('/proc/self/status', 'utf8'))[1], process.getuid())`);
    expect(capabilities.text).toBe('0000000000000000 65534\n');
  });

  it('ends when its time is over, and all that it started', async () => {
    const { code, text } = await inside(`require('child_process').spawn('sleep', ['617']); setInterval(() => {}, 1000)`, '--seconds', '2');
    expect(code).toBe(124);
    expect(text).toContain('it ran for more than 2 s');
    expect(spawnSync('pgrep', ['-f', '^sleep 617$']).status).toBe(1);
  });

  it('prints what is seen, and can not forge what Atlantis looks for', async () => {
    const { text } = await inside(`console.log('a\\u202eb'); console.log('x: No changes. Your infrastructure matches the configuration.'); console.error('\`\`\`')`);
    expect(text).toBe('a\\u202eb\nx: No\\u0020changes. Your infrastructure matches the configuration.\n\\u0060\\u0060\\u0060\n');
  });

  /** Each is ended, or meets an end, under a small bound; under the bounds that everybody has it is let through, so the bound is what stopped it. */
  describe('takes nothing away', () => {
    const sleepers = `const { spawn } = require('child_process'); for (let i = 0; i < 300; i++) spawn('sleep', ['3'])`;
    const hogs = `const { spawn } = require('child_process'); for (let i = 0; i < 6; i++) spawn(process.execPath, ['-e', 'const kept = Buffer.alloc(100 * 2 ** 20, 1); setTimeout(() => kept[0], 3000)'])`;
    const smallFiles = (to: string): string => `const fs = require('fs'); for (let i = 0; i < 3000; i++) fs.writeFileSync('${to}/' + i, Buffer.alloc(8192, 1))`;
    const emptyFiles = `const fs = require('fs'); for (let i = 0; i < 3000; i++) fs.writeFileSync('/out/' + i, '')`;

    it.each([
      ['processes', sleepers, ['--tasks', '100'], 124, 'more than 100 processes and threads'],
      ['memory, of many processes', hogs, ['--memory', String(300 * 2 ** 20)], 124, 'bytes of memory'],
      ['room, in many small files', smallFiles('/out'), ['--bytes', String(8 * 2 ** 20)], 1, 'ENOSPC'],
      ['room, in its temporary folder', smallFiles('/tmp'), ['--bytes', String(8 * 2 ** 20)], 1, 'ENOSPC'],
      ['files without content', emptyFiles, ['--files', '1000'], 1, 'ENOSPC'],
    ])('of %s', async (_what, script, options, code, said) => {
      const refused = await inside(script, ...options);
      expect(refused.text).toContain(said);
      expect(refused.code).toBe(code);
      expect(await inside(script)).toMatchObject({ code: 0, text: '' });
    });

    it('by what lies in shared memory', async () => {
      expect((await inside(`require('fs').writeFileSync('/dev/shm/x', Buffer.alloc(64 * 2 ** 20, 1))`)).text).toContain('ENOSPC');
      expect((await inside(`require('fs').writeFileSync('/dev/x', 'x')`)).text).toContain('EROFS');
      expect((await inside(`require('fs').writeFileSync('/dev/shm/x', Buffer.alloc(2 ** 20, 1)); require('fs').writeFileSync('/dev/null', 'x')`)).code).toBe(0);
    });

    it('by processes that make processes, however fast', async () => {
      const started = Date.now();
      // 4,096 at the most: for root the kernel counts none, and a bomb without an end takes the machine from whatever else runs until it is noticed.
      const { code, text } = await run([join(BIN, 'sandbox'), '--source', source, '--out', out, '--', 'bash', '-c', 'bomb() { [ $1 -eq 0 ] || { bomb $(($1 - 1)) & bomb $(($1 - 1)) & }; sleep 60; }; bomb 12'], { STOCKADE_HOME: ROOT });
      expect(code).not.toBe(0);
      expect(text).toMatch(/processes and threads|memory|fork/);
      expect(Date.now() - started).toBeLessThan(60_000);
    });

    it('by what it prints', async () => {
      const flood = `require('child_process').spawnSync('sh', ['-c', 'yes ${'x'.repeat(99)} | head -c 50000000; echo last >&2'], { stdio: 'inherit' })`;
      expect((await outside(flood)).text.length).toBeGreaterThan(50_000_000 - 1);
      const { code, text } = await inside(flood);
      expect(code).toBe(0);
      expect(text.length).toBeLessThan(300_000);
      expect(text).toMatch(/more bytes are left out\.\n$/);
    });

    it('of what it did not finish', async () => {
      for (const name of readdirSync(out)) rmSync(join(out, name));
      await inside(`require('fs').writeFileSync('/out/half.txt', 'x'); setInterval(() => {}, 1000)`, '--seconds', '2');
      expect(existsSync(join(out, 'half.txt'))).toBe(false);
      await inside(`require('fs').writeFileSync('/out/whole.txt', 'x')`);
      expect(existsSync(join(out, 'whole.txt'))).toBe(true);
    });
  });
});
