import type { ChainCatalogue } from '../catalogue';
import type { Problem } from '../errors';
import { own } from '../lookup';
import type { Declarations } from './declarations';
import { shortened } from './journal';

/** What a person calls a key: as the first of these revisions that declares it spells it. One that none declares keeps its canonical form. */
export type KeyNames = (canonical: string) => string;

export function keyNames(revisions: readonly Declarations[], catalogue: ChainCatalogue): KeyNames {
  const names = new Map<string, string>();
  for (const { networks, nodes } of revisions) {
    for (const { network, keys } of nodes) {
      const chain = own(catalogue.chains, networks.get(network)?.chain ?? '');
      for (const key of keys) {
        const parsed = chain?.parseKey(key);
        if (parsed && 'canonical' in parsed && !names.has(parsed.canonical)) names.set(parsed.canonical, key.trim());
      }
    }
  }
  return (canonical) => names.get(canonical) ?? canonical;
}

/** A problem in the words of the fleet's files. Only the value is looked up: that is the key that the message speaks of. */
export function asDeclared(problem: Problem, names: KeyNames): Problem {
  if (typeof problem.value !== 'string') return problem;
  const name = names(problem.value);
  return name === problem.value ? problem : { ...problem, value: name, message: problem.message.replaceAll(shortened(problem.value), shortened(name)) };
}
