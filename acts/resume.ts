import { refuse } from '../errors/user-error';
import type { Kube } from '../kube/kube';
import { ANNOTATIONS } from '../naming';
import { type ComponentName, componentsOf, holdOf, nameOf, type NodeTarget, write } from './component';
import type { OnEvent } from './events';

export interface Resumed {
  readonly component: ComponentName;
  /** The hold that was lifted. */
  readonly lifted: string | undefined;
  readonly started: boolean;
}

/** Lifts the hold, in a change of its own, and with `start` starts the node again, signers last. @throws UserError */
export async function resume(kube: Kube, target: NodeTarget, { start }: { readonly start: boolean }, on: OnEvent): Promise<readonly Resumed[]> {
  const components = await componentsOf(kube, target);
  if (!start && components.every((one) => holdOf(one) === undefined)) refuse(`node "${target.node}" is not held`, 'To start it in Git, declare state: running. To start it now: --start.');
  for (const one of components) {
    const why = holdOf(one);
    if (why === undefined) continue;
    await write(kube, nameOf(one), { metadata: { annotations: { [ANNOTATIONS.hold]: null } } });
    on({ what: 'hold-lifted', component: nameOf(one), why });
  }
  const stopped = components.filter(({ spec }) => spec.replicas !== 1);
  for (const one of start ? stopped : []) {
    await write(kube, nameOf(one), { spec: { replicas: 1 } });
    on({ what: 'starts', component: nameOf(one) });
  }
  return components.map((one) => ({ component: nameOf(one), lifted: holdOf(one), started: start && stopped.includes(one) }));
}
