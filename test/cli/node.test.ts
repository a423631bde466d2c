import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NodeWorld, OTHER, SIGNER, TARGET } from '../acts/world';
import { serveFake } from '../kube/serve';

let world: NodeWorld;
let folder: string;
let server: { close(): Promise<void> };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockade-node-test-'));
  writeFileSync(join(folder, 'kubectl'), `#!/bin/sh\nexec "${process.execPath}" "${join(__dirname, '../kube/pipe.cjs')}" "${join(folder, 'api')}" "$@"\n`, { mode: 0o755 });
});
beforeEach(async () => {
  world = new NodeWorld();
  world.applied('2', SIGNER, OTHER);
  server = await serveFake(world.cluster, { socket: join(folder, 'api') });
  return () => server.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** `stockade manifests fire` as a process; what it writes is read until it has said so much. */
function firing(more: readonly string[], readUntil = 'never'): { readonly child: ReturnType<typeof spawn>; readonly ended: Promise<{ readonly how: number | string | null; readonly said: string }> } {
  const command = [join(__dirname, '../../cli/stockade.cjs'), 'manifests', 'fire', '--network', TARGET.network, '--node', TARGET.node, ...more];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH']}` } });
  let said = '';
  child.stdout.on('data', (piece: Buffer) => {
    said += String(piece);
    if (said.includes(readUntil)) child.stdout.destroy();
  });
  child.stderr.on('data', (piece: Buffer) => (said += String(piece)));
  return { child, ended: new Promise((done) => child.on('close', (code, signal) => done({ how: signal ?? code, said }))) };
}
/** Runs it once the first component is disarmed. */
const onceDisarmed = (act: () => void): void => {
  let todo = 1;
  world.cluster.meanwhile = ({ method }) => void (method === 'GET' && world.partition(OTHER) === 0 && todo-- > 0 && act());
};

describe('a fire that is ended from outside leaves nothing disarmed', () => {
  it.each([['Ctrl-C', ['SIGINT']], ['Ctrl-C again and again', ['SIGINT', 'SIGINT', 'SIGINT']], ['a terminal that is closed', ['SIGHUP']], ['the end of the machine', ['SIGTERM']]] as const)('by %s', async (_what, signals) => {
    const { child, ended } = firing([]);
    onceDisarmed(() => {
      signals.forEach((signal, index) => setTimeout(() => child.kill(signal), index * 20));
      world.cluster.pace.readyAfter = Infinity;
    });
    expect(await ended).toMatchObject({ how: 1, said: expect.stringContaining('interrupted while waiting until') });
    expect([world.partition(OTHER), world.partition(), world.mark()]).toEqual([1, 1, '1']);
  });

  it('and goes on to its end where nobody reads on what it says', async () => {
    const { ended } = firing([], `firing ${OTHER}`);
    expect(await ended).toMatchObject({ how: 0 });
    expect([world.partition(OTHER), world.partition(), world.mark(OTHER), world.mark()]).toEqual([1, 1, '2', '2']);
  });

  it('the control: to its end, read to its end', async () => {
    expect(await firing([]).ended).toMatchObject({ how: 0, said: expect.stringMatching(new RegExp(`${SIGNER} runs .*, and is armed\n$`)) });
    expect([world.partition(OTHER), world.partition(), world.mark()]).toEqual([1, 1, '2']);
  });
});
