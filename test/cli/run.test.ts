import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { validateObject } from '../kubernetes-schema';
import { ROOT, stockade } from '../run';

it('stands in the folder and the environment of its caller, and leaves both as they were', async () => {
  const before = { cwd: process.cwd(), env: process.env };
  const { code, stderr } = await stockade(['keys', 'status'], { cwd: tmpdir(), env: { PATH: '' } });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('there is no folder "fleet"') });
  expect({ cwd: process.cwd(), env: process.env }).toEqual(before);
});

it('takes its turn: two runs in two folders do not meet', async () => {
  const [elsewhere, here] = await Promise.all([stockade(['keys', 'status'], { cwd: tmpdir() }), stockade(['keys', 'status'], { cwd: ROOT })]);
  expect([elsewhere.code, here.code]).toEqual([1, 0]);
});

it.each([[['--', 'keys', 'verify']], [['keys', '--', 'verify']], [['server', '--', 'accept', 'lock']], [['server', 'accept', '--', 'lock']], [['--', 'synth']]])('%j does nothing, and does not end as done', async (argv) => {
  expect(await stockade(argv)).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(/^error: give "[a-z ]+" first, and what it takes after it\n$/) });
});

it('control: what is given first is done, whatever comes after it', async () => {
  expect(await stockade(['keys', 'status', '--'])).toEqual(await stockade(['keys', 'status']));
});

it('leaves to Node how everything else is loaded: a package of ES modules alone', async () => {
  await stockade(['keys', 'status']);
  expect(validateObject({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } })).toEqual([]);
});
