import { type Place, type Problem, problems } from '../errors';

/** One problem for each entry of a list that was there before. */
export function duplicates(names: readonly string[], what: string, place: (index: number, label: string) => Place): Problem[] {
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    return first === index ? [] : [problems.duplicateEntry([place(index, 'again here'), place(first, 'first here')], { what, name })];
  });
}
