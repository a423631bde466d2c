import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(__dirname, '..', '..');
const RUN = join(ROOT, '.ci', 'run');

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly last: string;
}

describe('.ci/run', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stockade-ci-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const tableOf = (...lines: readonly string[]): string => {
    const table = join(folder, 'suites');
    writeFileSync(table, `# minutes | niceness | suite | after | command\n\n${lines.join('\n')}\n`);
    return table;
  };
  const run = (table: string, minuteSeconds = 60): Promise<Ended> =>
    new Promise((resolve) => {
      execFile('bash', [RUN, table], { env: { ...process.env, STOCKADE_CI_MINUTE: String(minuteSeconds) } }, (error, stdout, stderr) => {
        const out = `${stdout}${stderr}`;
        resolve({ code: error === null ? 0 : Number(error.code), out, last: out.trimEnd().split('\n').at(-1)! });
      });
    });
  const place = (name: string): string => join(folder, name);

  it('passes where every suite passes, and says what each took beside its line', async () => {
    const { code, out, last } = await run(tableOf('1 | 0 | one | | true', '2 | 19 | two | one | echo said'));
    expect([code, last]).toEqual([0, '2 passed, 0 failed']);
    expect(out).toMatch(/=== one: passed in \d+ s, of 1 min in .*suites; \d+ s of CPU\n/);
    expect(out).toMatch(/said\n=== two: passed in \d+ s, of 2 min/);
    expect(out).not.toContain('more than half');
  });

  it('runs the last suite of a table whose last line has no end', async () => {
    const table = tableOf('1 | 0 | one | | true');
    writeFileSync(table, `${readFileSync(table, 'utf8')}1 | 0 | last | | false`);
    expect(await run(table)).toMatchObject({ code: 1, last: '1 passed, 1 failed' });
  });

  it('fails where one fails, and runs the others all the same: those that wait for it, too', async () => {
    const { code, out, last } = await run(tableOf('1 | 0 | programs | | echo no such module >&2; exit 3', '1 | 0 | cluster | programs | echo ran', '1 | 0 | other | | true'));
    expect([code, last]).toEqual([1, '2 passed, 1 failed']);
    expect(out).toMatch(/no such module\n=== programs: FAILED in \d+ s/);
    expect(out).toMatch(/ran\n=== cluster: passed/);
  });

  it('names a suite that takes more than half over its minutes, and passes', async () => {
    const table = tableOf('1 | 0 | slow | | sleep 2.2', '20 | 0 | as it says | | sleep 2.2', '1 | | the whole run | |');
    const { code, out } = await run(table, 1);
    expect(code).toBe(0);
    expect(out).toContain(`=== slow: took more than half over its 1 min (${table}:3); find out why, or write the new figure there`);
    expect(out).not.toContain('=== as it says: took more');
    expect(out).toMatch(/=== the whole run: took more than half over its 1 min/);
    // The control: with minutes of sixty seconds nobody is late.
    expect((await run(table)).out).not.toContain('more than half');
  });

  it('starts a suite once those it waits for have ended, and others beside each other', async () => {
    // Each of the first two waits for what the other one writes: one after the other they would never end.
    const meet = (own: string, other: string): string => `touch ${place(own)}; for i in $(seq 200); do [ -e ${place(other)} ] && exit 0; sleep 0.05; done; exit 1`;
    const { out, last } = await run(tableOf(`1 | 0 | a | | ${meet('a', 'b')}`, `1 | 0 | b | | ${meet('b', 'a')}; touch ${place('done')}`, `1 | 0 | c | a, b | echo order >> ${place('order')}`, `1 | 0 | d | c | wc -l < ${place('order')}`));
    expect(last).toBe('4 passed, 0 failed');
    expect(out.indexOf('=== c: echo')).toBeGreaterThan(out.indexOf('=== b: passed'));
    expect(out).toMatch(/\n1\n=== d: passed/);
  });

  it('shows the output of suites that run at once as one piece each', async () => {
    const talk = (word: string): string => `for i in 1 2 3 4 5; do echo ${word}; sleep 0.05; done`;
    const { out } = await run(tableOf(`1 | 0 | a | | ${talk('left')}`, `1 | 0 | b | | ${talk('right')}`));
    for (const word of ['left', 'right']) expect(out).toContain(`${word}\n`.repeat(5));
  });

  it.each([
    ['x | 0 | a | | true', '"x" is not a number of minutes; write a whole one, 1 or more'],
    ['1 | 20 | a | | true', '"20" is not a niceness; write 0 to 19'],
    ['1 | 0 | | | true', 'no name; a line is: minutes | niceness | suite | after | command'],
    ['1 | 0 | a/b | | true', '"a/b" has a slash in it'],
    ['1 | 0 | a | |', '"a" has no command; comment a reserved line out'],
    ['1 | 0 | a | b | true', '"a" waits for "b", which is not a suite; there are: a'],
    ['1 | 0 | a | a | true', 'the suites that are left wait for each other'],
    ['# nothing', 'no suite; a line is'],
  ])('refuses a table it cannot read: %s', async (line, said) => {
    const { code, out } = await run(tableOf(line));
    expect(code).toBe(2);
    expect(out).toMatch(/suites:\d+: /);
    expect(out).toContain(said);
  });

  it('ended from outside, it ends what runs, shows what that printed, and does not pass', async () => {
    const table = tableOf(`1 | 0 | long | | echo begun; echo $$ > ${place('pid')}; sleep 60 & echo $! > ${place('grandchild')}; touch ${place('ready')}; wait`);
    const child = spawn('bash', [RUN, table], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await expect.poll(() => readable(place('ready')), { timeout: 20_000 }).toBe(true);
    child.kill('SIGTERM');
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(143);
    expect(out).toMatch(/=== long: ended after \d+ s, with the run; so far it printed:\nbegun\n0 passed, 0 failed; not finished/);
    for (const file of ['pid', 'grandchild']) expect(isAlive(Number(readFileSync(place(file), 'utf8')))).toBe(false);
  });

  it('has a table of commands that are there', async () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    const table = readFileSync(join(ROOT, '.ci', 'suites'), 'utf8');
    const named = [...table.matchAll(/npm (?:run )?([a-z:-]+)/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    const files = [...table.matchAll(/tsx (\S+)/g)].map(([, file]) => file!);
    expect(files.map((file) => readable(join(ROOT, file)))).toEqual(files.map(() => true));
    // Read as the run reads it, with commands that end at once.
    const isSuite = (line: string): boolean => /^\s*\d+ \|\s+\d/.test(line);
    const lines = table.split('\n');
    writeFileSync(place('stubs'), lines.map((line) => (isSuite(line) ? `${line.slice(0, line.lastIndexOf('|'))}| true` : line)).join('\n'));
    expect((await run(place('stubs'))).last).toBe(`${lines.filter(isSuite).length} passed, 0 failed`);
  });
});

function readable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

/** What ended and was not collected yet is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
