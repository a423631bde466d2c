import { type Problem, problems } from '../errors';
import type { CheckContext, RunningSubject } from './context';

/** Sizes are declared for volumes that there are; a misspelt one would leave a disk at its default. */
export const volumes = ({ node, components }: RunningSubject, context: CheckContext): Problem[] =>
  components.flatMap((component) => {
    const names = component.volumes.map(({ name }) => name);
    const declared = Object.keys(node.resources[component.name]?.volumesGiB ?? {});
    return declared
      .filter((name) => !names.includes(name))
      .map((name) => {
        const place = context.atNodeKey(node, ['resources', component.name, 'volumesGiB', name]);
        return problems.unknownVolume(place, { name, allowed: names, of: `component "${component.name}" of node "${node.name}"` });
      });
  });
