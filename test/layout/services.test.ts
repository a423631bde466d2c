import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { beforeAll, describe, expect, it } from 'vitest';
import { importsOf, wrongArrows, type Rooms } from './imports';

const ROOT = resolve(__dirname, '..', '..');
const rooms = JSON.parse(readFileSync(join(ROOT, 'rooms.json'), 'utf8')) as Rooms;
const FILE = 'services/rollouts/main.ts';

/** What is imported, and by which line of a service that does not exist yet. */
const ALLOWED: readonly (readonly [string, string])[] = [
  ['naming/index.ts', `import { LABELS } from '../../naming';`],
  ['errors/user-error.ts', `import { UserError } from '../../errors/user-error';`],
  ['workspace/walk.ts', `import { walk } from '../../workspace/walk';`],
  ['chains/index.ts', `import { catalogue } from '../../chains';`],
  ['contract/agent.ts', `import { schema } from '../../contract/agent';`],
  ['services/common/http.ts', `import { serve } from '../common/http';`],
  ['services/rollouts/steps.ts', `import { step } from './steps';`],
  ['model/types.ts', `import type { Fleet } from '../../model/types';`],
  ['model/types.ts', `import { type Fleet, type Cluster } from '../../model/types';`],
  ['model/types.ts', `export type { Fleet } from '../../model/types';`],
  ['model/types.ts', `export type Later = import('../../model/types').Fleet;`],
  ['kube/kube.ts', `import type { Kube } from '../../kube/kube';`],
  ['acts/fire.ts', `import { fire } from '../../acts/fire';`],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ['model/load.ts', `import { loadFleet } from '../../model/load';`],
  ['model/load.ts', `import { type Loaded, loadFleet } from '../../model/load';`],
  ['model/load.ts', `import '../../model/load';`],
  ['model/load.ts', `export * from '../../model/load';`],
  ['model/load.ts', `export const later = () => import('../../model/load');`],
  ['apps/deploy/apply.ts', `import { applyPlan } from '../../apps/deploy/apply';`],
  ['apps/deploy/apply.ts', `import type { ApplyOptions } from '../../apps/deploy/apply';`],
  ['apps/synth.ts', `import { runSynth } from '../../apps/synth';`],
  ['infra/context/observed.ts', `import type { Observed } from '../../infra/context/observed';`],
  ['cli/stockade.ts', `import { run } from '../../cli/stockade';`],
  ['test/rooms.ts', `import { ROOMS } from '../../test/rooms';`],
  ['tools/synth.ts', `import '../../tools/synth';`],
  ['constructs/index.ts', `import { StakingNode } from '../../constructs';`],
  ['services/secret-manager/store.ts', `import { store } from '../secret-manager/store';`],
  ['services/secret-manager/store.ts', `import type { Store } from '../secret-manager/store';`],
  ['services/loose.ts', `import { loose } from '../loose';`],
];

const byTest = (to: string, line: string, table = rooms): string[] => wrongArrows(importsOf(new Map([[FILE, line], [to, '']])), table);

describe('a service', () => {
  let byLinter: (line: string, file?: string) => string[];
  beforeAll(async () => {
    const { default: config } = (await import(join(ROOT, 'eslint.config.mjs'))) as { default: { plugins?: Linter.Config['plugins'] }[] };
    const plugins = config.find((one) => one.plugins !== undefined && 'stockade' in one.plugins)!.plugins!;
    const linter = new Linter({ cwd: ROOT });
    const alone: Linter.Config = { files: ['**/*.ts'], plugins, languageOptions: { parser: tseslint.parser }, rules: { 'stockade/arrows': 'error' } };
    byLinter = (line, file = FILE) => linter.verify(line, [alone], { filename: join(ROOT, file) }).map(({ message }) => message);
  });

  it.each(ALLOWED)('may import %s, by: %s', (to, line) => {
    expect(byTest(to, line)).toEqual([]);
    expect(byLinter(line)).toEqual([]);
  });

  it.each(REFUSED)('may not import %s, by: %s', (to, line) => {
    expect(byTest(to, line)).toEqual([`${FILE}:1 imports ${to}: services/rollouts may import ${rooms['services/*']!.join(', ')}`]);
    expect(byLinter(line)).toEqual([expect.stringMatching(/^services\/rollouts\/ may import naming, /)]);
  });

  it('control: without its row nobody would say so', () => {
    const without = Object.fromEntries(Object.entries(rooms).filter(([room]) => room !== 'services/*'));
    expect(REFUSED.flatMap(([to, line]) => byTest(to, line, without))).toEqual([]);
  });

  it('is imported by no other room', () => {
    for (const room of Object.keys(rooms).filter((one) => !one.startsWith('services/'))) {
      const line = `import '${'../'.repeat(room.split('/').length)}services/rollouts/main';`;
      expect(wrongArrows(importsOf(new Map([[`${room}/x.ts`, line], [FILE, '']])), rooms)).toHaveLength(1);
      expect(byLinter(line, `${room}/x.ts`)).toHaveLength(1);
    }
  });
});
