import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { ROOT, stockade } from '../run';

/** Tests of what commands do run them in their own process. Here each is a process of its own, once: it comes to the same. */
it.each([
  ['keys', 'status'],
  ['plan', '--fleet', 'nowhere'],
  ['manifests', 'plan', '--cluster', 'nowhere'],
  ['atlantis', 'known', '--root', '.', '--workflow', 'keys', '--name', 'nothing', '--dir', 'infra/projects/nothing', '--workspace', 'default'],
  ['pin', '--fleet', 'nowhere'],
  ['record', '--cluster', 'nowhere', '--outputs', 'package.json'],
  ['schema', '--fleat'],
  ['synth', '--fleet', 'nowhere'],
  ['server', 'kubeconfig', '--as', 'plan', '--cluster', 'nowhere', '--fleet', 'fleet', '--out', 'nowhere'],
])('stockade %s %s is as a process what it is in this one', async (...argv: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['cli/stockade.cjs', ...argv], { cwd: ROOT, encoding: 'utf8' });
  expect(await stockade(argv)).toEqual({ code: status, stdout, stderr });
  expect(stdout + stderr).not.toBe('');
});
