import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusal } from '../../errors/user-error';
import { terraformPackages, withTerraform } from '../../infra/terraform-packages';
import { GOLDEN } from '../golden/trees';
import { sources } from '../layout/imports';
import { ROOMS } from '../rooms';

const wanted = terraformPackages();
const LINE = `npm install --save-exact ${Object.entries(wanted).map(([name, version]) => `${name}@${version}`).join(' ')}`;

describe('packages that Terraform needs', () => {
  it('are CDKTF and its providers, at the versions that are installed here', () => {
    expect(Object.keys(wanted)).toEqual(['@cdktf/provider-aws', '@cdktf/provider-google', '@cdktf/provider-helm', 'cdktf']);
    expect(withTerraform(() => 'loaded')).toBe('loaded');
  });

  it.each([
    ['missing', undefined, `cdktf is not installed`],
    ['of another version', '0.20.12', `cdktf is installed in version 0.20.12, not ${wanted['cdktf']}`],
  ])('are not loaded where one is %s; which line adds them is said', (_, found, why) => {
    let loaded = false;
    const load = (): void => withTerraform(() => void (loaded = true), (name) => (name === 'cdktf' ? found : wanted[name]));
    expect(load).toThrow(refusal(`Terraform can't be rendered: ${why}`, `Add the packages: ${LINE}`));
    expect(loaded).toBe(false);
  });
});

describe('where they are not installed', () => {
  const ROOT = resolve(__dirname, '../..');
  let project: string;
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'stockade-manifests-'));
    const product = [...sources(ROOT, ROOMS).keys()];
    for (const path of ['package.json', 'tsconfig.json', ...product]) {
      mkdirSync(dirname(join(project, path)), { recursive: true });
      cpSync(join(ROOT, path), join(project, path));
    }
    symlinkSync(join(ROOT, 'fleet'), join(project, 'fleet'));
    mkdirSync(join(project, 'node_modules'));
    const others = readdirSync(join(ROOT, 'node_modules')).filter((name) => !name.startsWith('.') && !name.startsWith('@cdktf') && name !== 'cdktf');
    for (const name of others) symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } => spawnSync(process.execPath, ['--require', 'tsx/cjs', ...args], { cwd: project, encoding: 'utf8' });
  const MESSAGE = `error: Terraform can't be rendered: ${Object.keys(wanted).map((name) => `${name} is not installed`).join('; ')}\n  next: Add the packages: ${LINE}`;

  it.each([
    ['npm run synth', ['tools/synth.ts'], `${MESSAGE}, or render manifests alone: npm run synth -- --no-terraform\n`],
    ['npm run atlantis', ['cli/stockade.cjs', 'atlantis', '--check'], `${MESSAGE}\n`],
    ['npx cdktf synth', ['infra/main.ts'], `${MESSAGE}\n`],
  ])('%s says which line adds them, and writes nothing', (_, args, stderr) => {
    expect(run(...args)).toMatchObject({ status: 1, stdout: '', stderr });
    expect([existsSync(join(project, 'dist')), existsSync(join(project, 'cdktf.out'))]).toEqual([false, false]);
  });

  it('npm run synth -- --json says it as JSON', () => {
    const { status, stdout, stderr } = run('tools/synth.ts', '--json');
    expect({ status, stderr, said: JSON.parse(stdout) as unknown }).toEqual({ status: 1, stderr: '', said: { ok: false, problems: [{ level: 'error', message: expect.stringContaining(MESSAGE) }] } });
  });

  it.each([
    ['without Terraform', ['--no-terraform', '--node', 'hoodi-ew1-0']],
    ['of a fleet that declares none', ['--fleet', GOLDEN.fleet]],
  ])('manifests %s are rendered all the same', (_, args) => {
    expect(run('tools/synth.ts', ...args, '--out', 'dist')).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(join(project, 'dist'))).toBe(true);
    rmSync(join(project, 'dist'), { recursive: true });
  });
});
