/**
 * `npm run test:mutations`: weakens the source at one point after the other, in a copy, and expects the test of a property or of a policy
 * that is named after the point to fail. A weakening that no test sees is a failure; so is one whose source has moved on.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HARDENING_POINTS } from '../properties/hardening-points';
import { POLICY_POINTS } from '../policies/policy-points';
import { WEAKENINGS, type Weakening } from './weakenings';
import { ROOMS } from '../rooms';

const TESTS = ['test/properties/hardening.test.ts', 'test/policies/weakened.test.ts'];
const ROOT = resolve(__dirname, '..', '..');
const COPIED = [...ROOMS, 'fleet', 'test', 'rooms.json', 'package.json', 'tsconfig.json', 'vitest.config.mts'];

const copy = mkdtempSync(join(tmpdir(), 'stockade-mutations-'));
let failed = 0;
try {
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));

  for (const point of [...Object.keys(HARDENING_POINTS), ...Object.keys(POLICY_POINTS)].filter((name) => !WEAKENINGS.some((weakening) => weakening.point === name))) {
    report(false, point, 'no weakening shows that its test can fail');
  }
  const control = runTests();
  report(control.status === 0, 'control', control.status === 0 ? 'every point holds before anything is weakened' : control.output);
  if (control.status === 0) for (const weakening of WEAKENINGS) report(...judge(weakening));
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.stdout.write(`${WEAKENINGS.length + 1 - failed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;

function judge({ point, file, from, to }: Weakening): [boolean, string, string] {
  const path = join(copy, file);
  const original = readFileSync(path, 'utf8');
  if (original.split(from).length !== 2) return [false, point, `${file} does not hold this exactly once: ${from}`];
  writeFileSync(path, original.replace(from, () => to));
  try {
    const { status, output } = runTests(point);
    const named = output.includes(`[${point}]`) && /FAIL|✗|×/.test(output);
    return [status !== 0 && named, point, status === 0 ? `${file}: "${to}" was not noticed` : named ? 'noticed' : `failed otherwise: ${output.slice(-2000)}`];
  } finally {
    writeFileSync(path, original);
  }
}

function runTests(point?: string): { status: number | null; output: string } {
  const args = ['vitest', 'run', ...TESTS, '--reporter=verbose', ...(point ? ['-t', `\\[${point}\\]`] : [])];
  const { status, stdout, stderr } = spawnSync('npx', args, { cwd: copy, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', STOCKADE_SAMPLES: 'few' } });
  return { status, output: `${stdout}${stderr}` };
}

function report(ok: boolean, point: string, text: string): void {
  if (!ok) failed += 1;
  process.stdout.write(`${ok ? 'ok' : 'FAILED'} ${point}: ${text}\n`);
}
