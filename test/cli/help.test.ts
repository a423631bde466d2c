import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../cli/stockade';
import { ROOT, stockade } from '../run';

const people = Object.entries(COMMANDS).filter(([name]) => !name.startsWith('server '));

describe('stockade help', () => {
  it('has every command that people call, with its line, and none of the server', async () => {
    const { code, stdout } = await stockade(['help']);
    const flat = stdout.replaceAll(/\s+/g, ' ');
    expect(code).toBe(0);
    expect(people.filter(([name, { line }]) => !flat.includes(` ${name} ${line} `)).map(([name]) => name)).toEqual([]);
    expect(stdout).not.toContain('retirements');
  });

  it.each(Object.keys(COMMANDS))('%s has help of its own, and does nothing', async (name) => {
    const { code, stdout, stderr } = await stockade([...name.split(' '), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: stockade ${name}`);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(COMMANDS[name]!.line);
  });

  it('is also that of a command: stockade help keys place, stockade keys help place', async () => {
    const asked = await stockade(['keys', 'place', '--help']);
    expect(asked.stdout).toContain('--all-new');
    expect((await stockade(['keys', 'help', 'place'])).stdout).toBe(asked.stdout);
    expect(await stockade(['help', 'keys', 'place'])).toEqual(asked);
    expect(await stockade(['help', 'server', 'accept', 'lock'])).toEqual(await stockade(['server', 'accept', 'lock', '--help']));
  });

  it("the README's table has every command", () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    expect(people.filter(([name]) => !readme.includes(`\`npm run ${name.split(' ')[0]}`)).map(([name]) => name)).toEqual([]);
  });
});

describe('what a command loads', () => {
  /** Packages and rooms of the modules that a process of its own has loaded at its end. */
  function loaded(...argv: string[]): string[] {
    const program = `
      const { run } = require('./cli/stockade.cjs');
      const quiet = { write: () => true };
      void run(${JSON.stringify(argv)}, { stdout: quiet, stderr: quiet, cwd: process.cwd(), env: process.env }).then(() => console.log(JSON.stringify(Object.keys(require.cache))));`;
    const { stdout } = spawnSync(process.execPath, ['-e', program], { cwd: ROOT, encoding: 'utf8' });
    return (JSON.parse(stdout) as string[]).map((file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file.slice(ROOT.length + 1).split('/').slice(0, -1).join('/'));
  }
  const HEAVY = /^(cdktf|@cdktf\/.*|cdk8s|cdk8s-plus-27|constructs)$/;

  it.each([[['help']], [['keys', 'status']], [['schema', '--check']], [['pin', '--network', 'nope']], [['record', '--cluster', 'nope']], [['server', 'branch-rules', '--branch', 'main']]])('%j takes neither Terraform nor Kubernetes', (argv) => {
    const all = new Set(loaded(...argv));
    expect(all).toContain('commander');
    expect([...all].filter((one) => HEAVY.test(one))).toEqual([]);
  });

  it('help takes no room of the product but its own ground', () => {
    expect(new Set(loaded('help').filter((one) => !one.includes('node_modules') && !/^(cli|errors|naming)$/.test(one)).filter((one) => /^(apps|infra|model|chains|workspace|constructs)/.test(one)))).toEqual(new Set());
  });

  it('control: a command that renders Terraform is seen to take it', () => {
    expect(loaded('atlantis', '--check').filter((one) => HEAVY.test(one))).toContain('cdktf');
  });
});
