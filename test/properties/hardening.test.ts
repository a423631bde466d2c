import { beforeAll, describe, expect, it } from 'vitest';
import { everySample, type Sample } from '../chains/every-chain';
import { validateObject } from '../kubernetes-schema';
import { subjectOf } from '../staking-nodes';
import { HARDENING_POINTS, type Subject } from './hardening-points';

/**
 * Every combination of clients in every role, each with one way to be reached in turn; and two of each role, way and first start
 * in both clouds, running and stopped. Mutation runs look at the latter alone.
 */
function subjects(): { label: string; subject: Subject }[] {
  const samples = everySample();
  const ofKind = groupBy(samples, ({ chain, variant, node }) => `${chain.name} ${variant} ${node.reach.via} ${node.firstStart}`);
  const chosen = [...ofKind.values()].flatMap((group) => group.slice(0, 2).flatMap((sample) => COMBINATIONS.map((differs) => ({ sample, differs }))));
  if (process.env['STOCKADE_SAMPLES'] !== 'few') {
    const ofClients = [...groupBy(samples, ({ chain, variant, node }) => JSON.stringify([chain.name, variant, node.clients])).values()];
    chosen.push(...ofClients.map((group, index) => ({ sample: group[index % group.length]!, differs: COMBINATIONS[index % COMBINATIONS.length]! })));
  }
  return chosen.map(({ sample, differs }) => ({ label: labelOf(sample, differs), subject: subjectOf(sample, differs) }));
}

function groupBy<T>(things: readonly T[], key: (thing: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) groups.set(key(thing), [...(groups.get(key(thing)) ?? []), thing]);
  return groups;
}

const COMBINATIONS = (['gcp', 'aws'] as const).flatMap((cloud) => (['running', 'stopped'] as const).map((state) => ({ cloud, state })));

const labelOf = (sample: Sample, { cloud, state }: (typeof COMBINATIONS)[number]): string => `${sample.label} ${cloud} ${state}`;

describe('hardening', () => {
  let rendered: ReturnType<typeof subjects>;
  beforeAll(() => {
    rendered = subjects();
  });

  it('is judged on every chain, role and way to be reached', () => {
    expect(rendered.length).toBeGreaterThan(100);
    expect(new Set(rendered.map(({ subject }) => subject.reach))).toEqual(new Set(['outbound', 'loadBalancer', 'nodePort', 'hostNetwork']));
  });

  for (const [point, check] of Object.entries(HARDENING_POINTS)) {
    it(`[${point}]`, () => {
      const problems = rendered.flatMap(({ label, subject }) => [...check(subject)].map((problem) => `${label}: ${problem}`));
      expect(problems.slice(0, 5)).toEqual([]);
    });
  }

  it('makes objects that are valid against the Kubernetes schema', () => {
    const problems = rendered
      .filter((_, index) => index % 7 === 0)
      .flatMap(({ label, subject }) => subject.objects.flatMap((object) => validateObject(object).map((problem) => `${label}: ${object.kind}: ${problem}`)));
    expect(problems.slice(0, 5)).toEqual([]);
  });
});
