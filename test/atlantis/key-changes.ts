import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatJson } from '../../apps/plan/format/json';
import type { Plan } from '../../apps/plan/model';
import { planOf } from '../plan/trees';
import { ROOT } from '../run';
import { warm } from '../warm';
import type { Checkout } from './checkout';

/** Declares one key more, at the first node with keys that a network's file of a cluster has. */
export function declareKey(checkout: Checkout, cluster: string, network: string, key: string): void {
  const path = `fleet/nodes/${cluster}/${network}.yaml`;
  checkout.write(path, readFileSync(join(checkout.folder, path), 'utf8').replace(/( *)keys:\n/, `$1keys:\n$1  - "${key}"\n`));
}

/** Adds to the journal what a node declares. @throws Error with what the command says */
export function placeKeys(checkout: Checkout, node: string): void {
  const { status, stderr } = spawnSync('node', ['cli/stockade.cjs', 'keys', 'place', '--fleet', join(checkout.folder, 'fleet'), '--node', node, '--by', 'ana@example.com'], { cwd: ROOT, encoding: 'utf8', env: { ...process.env, ...warm() } });
  if (status !== 0) throw new Error(stderr);
}

/**
 * Keeps on the server what the hook of every plan leaves there: what the trusted copy says of what is checked out, in a comparison with what is merged by then.
 *
 * @param findings what it refuses; by default nothing
 * @returns the file
 */
export function keepPlan(checkout: Checkout, state: string, findings: Plan['findings'] = [], merged = checkout.git('rev-parse', 'main')): string {
  const plan = planOf(new Map(), new Map());
  const file = join(state, 'plans', `${checkout.git('rev-parse', 'HEAD^{tree}')}.json`);
  mkdirSync(join(state, 'plans'), { recursive: true });
  writeFileSync(file, formatJson({ ...plan, findings, refused: findings.some(({ refused }) => refused), base: { ...plan.base, revision: merged } }));
  return file;
}
