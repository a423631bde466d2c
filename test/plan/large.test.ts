import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatMarkdown } from '../../apps/plan/format/markdown';
import { formatText } from '../../apps/plan/format/text';
import type { Plan } from '../../apps/plan/model';
import { makePlan } from '../../apps/plan/report';
import { readFolder } from '../../apps/plan/revision';
import { RenderedTree } from '../../apps/plan/tree';
import { runSynth } from '../../apps/synth';
import { generateFleet } from '../bench/generate-fleet';

const NODES = 1000;
const folder = mkdtempSync(join(tmpdir(), 'stockade-plan-large-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function rendered(name: string): Promise<RenderedTree> {
  const quiet = { stdout: { write: () => true }, stderr: { write: () => true } };
  expect(await runSynth({ fleet: join(folder, 'fleet'), out: join(folder, name), format: 'plain' }, quiet)).toBe(0);
  return new RenderedTree(readFolder(join(folder, name)), name);
}

let plan: Plan;
beforeAll(async () => {
  generateFleet(join(folder, 'fleet'), NODES);
  const base = await rendered('base');
  for (const network of ['ethereum-mainnet', 'ethereum-hoodi']) {
    const file = join(folder, 'fleet/networks', `${network}.yaml`);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('main: "v1.16.5"', 'main: "v1.16.7"'));
  }
  plan = makePlan({ base: { name: 'base', manifests: base }, head: { name: 'head', manifests: await rendered('head') } });
});

describe(`a release of one client in a fleet of ${NODES} nodes`, () => {
  it('stays under 60 lines, the raw difference included', () => {
    const text = formatText(plan);
    expect(text.split('\n').length).toBeLessThan(60);
    expect(text).not.toContain('--raw shows');
    expect(text).toMatch(/geth v1\.16\.5 to v1\.16\.7 \(execution\) on \d+ nodes: (\d+) restarts needed, no volume change, no permission change/);
    expect(plan.releases.reduce((sum, { restarts }) => sum + restarts, 0)).toBe(plan.risks['restart when fired']);
    expect(plan.risks['restart when fired']).toBeGreaterThan(150);
    expect(plan.refused).toBe(false);
  });

  it('fits a comment, whole', () => {
    const { text, complete } = formatMarkdown(plan);
    expect(complete).toBe(true);
    expect(text).not.toContain('The raw difference is cut');
    expect(Buffer.byteLength(text)).toBeLessThan(20_000);
  });
});
