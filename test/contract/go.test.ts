import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { onPath } from '../cluster/binaries';

const MODULE = 'test/nodes/go/agent-stand-in';
const go = onPath('go', process.env);

describe('the stand-in of the agent, in Go', () => {
  it.skipIf(go === undefined)('reads the same messages, refuses the same ones at the same places, and loses nothing of them (skipped where no Go is on the PATH)', () => {
    // Nothing is fetched: the module needs none but its own.
    const env = { ...process.env, CGO_ENABLED: '0', GOPROXY: 'off', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' };
    const { status, stdout, stderr } = spawnSync(go!, ['test', '-v', '-vet=off', './contract'], { cwd: MODULE, encoding: 'utf8', env });
    expect(status, stdout + stderr).toBe(0);
    for (const name of ['ValidMessagesAreReadAndWrittenAgain', 'InvalidMessagesAreRefusedWhereTheyAreWrong', 'Exchanges']) expect(stdout).toContain(`--- PASS: Test${name}`);
  });
});
