import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ROOT, stockade } from '../run';

/*
 * Atlantis' server runs its own copy of our code, of the release that its image was built from. Of a pull request's checkout it runs one path, in the sandbox; people who
 * compare revisions run each revision's own script and app. A later release can't move these.
 */
const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'stockade-older-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As `infra/atlantis/server/bin/render` has called it since there is a server. */
const CALLED = ['--require', 'tsx/cjs', 'tools/synth.ts', '--out', '/out/dist', '--terraform-out', '/out/cdktf.out'];

it('what runs inside a checkout is the path that every server calls, with these options', () => {
  expect(text('infra/atlantis/server/bin/render')).toContain(`-- node ${CALLED.join(' ')}\n`);
  const inside = text('infra/atlantis/server/bin/render').split('\n').filter((line) => line.includes('"$bin/sandbox"'));
  expect(inside.map((line) => line.replace(/^.* -- (\S+ \S+).*$/, '$1'))).toEqual(['npm ci', 'node --require']);
});

it('it renders, and is the command', async () => {
  const args = CALLED.map((one) => one.replace('/out/', `${folder}/`));
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, '--node', 'hoodi-ew1-0'], { cwd: ROOT, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('Rendered 1 node');
  expect(existsSync(join(folder, 'dist'))).toBe(true);
  const refused = spawnSync(process.execPath, [...args, '--node', 'zzzzzz'], { cwd: ROOT, encoding: 'utf8' });
  const command = await stockade(['synth', ...args.slice(3), '--node', 'zzzzzz']);
  expect({ code: refused.status, stdout: refused.stdout, stderr: refused.stderr }).toEqual(command);
});

it("a revision's own script and app are where comparing looks for them", () => {
  const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
  expect(scripts['synth']).toBe('node cli/stockade.cjs synth');
  const { app } = JSON.parse(text('cdktf.json')) as { app: string };
  expect(existsSync(join(ROOT, app.split(' ').at(-1)!))).toBe(true);
});
