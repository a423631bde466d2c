import { networkNamespace } from '../../naming';
import { type Problem, problems } from '../errors';
import type { CheckContext, RunningSubject } from './context';

const STAKING_PREFIX = networkNamespace('');

/** Consumers call components that the node has, from outside the namespaces where nodes run. */
export function consumers({ node, components }: RunningSubject, context: CheckContext): Problem[] {
  const names = components.map(({ name }) => name);
  return node.consumers.flatMap((consumer, index) => {
    const found: Problem[] = [];
    if (!names.includes(consumer.component)) {
      const place = context.atNode(node, ['consumers', index, 'component']);
      found.push(problems.unknownComponent(place, { name: consumer.component, allowed: names, of: `node "${node.name}"` }));
    }
    if (consumer.namespace.startsWith(STAKING_PREFIX)) {
      found.push(problems.consumerNamespace(context.atNode(node, ['consumers', index, 'namespace']), { namespace: consumer.namespace }));
    }
    return found;
  });
}
