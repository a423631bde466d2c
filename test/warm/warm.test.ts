import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ROOT } from '../run';
import { warm } from '.';

const folder = mkdtempSync(join(tmpdir(), 'stockade-warm-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bash = (script: string, env: Readonly<Record<string, string>>) => {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: ROOT, env: { HOME: folder, ...env }, encoding: 'utf8' });
  return { status, stdout, stderr };
};
const cold = { PATH: process.env['PATH']! };

it.each([
  ['both outputs in one, and what it refuses', 'node cli/stockade.cjs keys status --fleet nowhere 2>&1 | cat; exit "${PIPESTATUS[0]}"'],
  ['what it reads', `printf 'a\\001\\n' | node cli/stockade.cjs server shown; echo '[]' | node cli/stockade.cjs server branch-rules --branch main`],
  ['an empty argument, and one with a line break', `node cli/stockade.cjs keys place '' $'a\\nb'`],
  ['where it stands', 'mkdir -p "$HOME/fleet" && ln -s "$PWD/cli" "$HOME/cli" && cd "$HOME" && node cli/stockade.cjs keys status; rm "$HOME/cli"'],
  ['what is no command of ours', 'node -p 6*7'],
])('a warm process answers as one of its own does: %s', (_what, script) => {
  expect(bash(script, warm())).toEqual(bash(script, cold));
}, 240_000);

it('control: what is asked goes to the warm process, not to node', () => {
  const env = { ...warm(), STOCKADE_WARM_NODE: '/bin/false' };
  expect(bash('node cli/stockade.cjs keys status', env)).toMatchObject({ status: 0 });
  expect(bash('node cli/stockade.cjs keys status', { ...env, STOCKADE_WARM: '' })).toMatchObject({ status: 1, stdout: '' });
  expect(bash('node -p 6*7', env)).toMatchObject({ status: 1, stdout: '' });
});
