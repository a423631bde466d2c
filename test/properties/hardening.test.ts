import { describe, expect, it } from 'vitest';
import { everySample, type Sample } from '../chains/every-chain';
import { validateObject } from '../kubernetes-schema';
import { subjectOf } from '../staking-nodes';
import { HARDENING_POINTS, type Subject } from './hardening-points';

/**
 * Every combination of clients in every role, each with one way to be reached in turn; and two of each role, way and first start
 * in both clouds, running and stopped. Mutation runs look at the latter alone.
 */
function subjects(): readonly (() => Labelled)[] {
  const samples = everySample();
  const ofKind = groupBy(samples, ({ chain, variant, node }) => `${chain.name} ${variant} ${node.reach.via} ${node.firstStart}`);
  const chosen = [...ofKind.values()].flatMap((group) => group.slice(0, 2).flatMap((sample) => COMBINATIONS.map((differs) => ({ sample, differs }))));
  if (process.env['STOCKADE_SAMPLES'] !== 'few') {
    const ofClients = [...groupBy(samples, ({ chain, variant, node }) => JSON.stringify([chain.name, variant, node.clients])).values()];
    chosen.push(...ofClients.map((group, index) => ({ sample: group[index % group.length]!, differs: COMBINATIONS[index % COMBINATIONS.length]! })));
  }
  return chosen.map(({ sample, differs }) => {
    let made: Labelled | undefined;
    return () => (made ??= { label: labelOf(sample, differs), subject: subjectOf(sample, differs) });
  });
}

/** Rendered when it is first looked at, and then kept: a point that fails has seen enough after a few. */
interface Labelled {
  readonly label: string;
  readonly subject: Subject;
}

/** The first few things that are wrong. */
function first(subjects: readonly (() => Labelled)[], check: (subject: Subject) => Iterable<string>): string[] {
  const problems: string[] = [];
  for (const rendered of subjects) {
    const { label, subject } = rendered();
    for (const problem of check(subject)) problems.push(`${label}: ${problem}`);
    if (problems.length >= 5) break;
  }
  return problems.slice(0, 5);
}

function groupBy<T>(things: readonly T[], key: (thing: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) groups.set(key(thing), [...(groups.get(key(thing)) ?? []), thing]);
  return groups;
}

const COMBINATIONS = (['gcp', 'aws'] as const).flatMap((cloud) => (['running', 'stopped'] as const).map((state) => ({ cloud, state })));

const labelOf = (sample: Sample, { cloud, state }: (typeof COMBINATIONS)[number]): string => `${sample.label} ${cloud} ${state}`;

describe('hardening', () => {
  const rendered = subjects();

  it('is judged on every chain, role and way to be reached', () => {
    expect(rendered.length).toBeGreaterThan(100);
    expect(new Set(rendered.map((of) => of().subject.reach))).toEqual(new Set(['outbound', 'loadBalancer', 'nodePort', 'hostNetwork']));
  });

  for (const [point, check] of Object.entries(HARDENING_POINTS)) {
    it(`[${point}]`, () => {
      expect(first(rendered, check)).toEqual([]);
    });
  }

  it('makes objects that are valid against the Kubernetes schema', () => {
    const some = rendered.filter((_, index) => index % 7 === 0);
    expect(first(some, ({ objects }) => objects.flatMap((object) => validateObject(object).map((problem) => `${object.kind}: ${problem}`)))).toEqual([]);
  });
});
