import { refuse, UserError } from '../errors/user-error';
import { isKubeError } from '../kube/errors';
import type { Kube } from '../kube/kube';
import { deadlineIn, until } from '../kube/wait';
import { ANNOTATIONS } from '../naming';
import { type ActOptions, type Component, type ComponentName, componentsOf, find, isSeen, isSigner, nameOf, nameOfPod, type NodeTarget, podOf, write } from './component';
import type { OnEvent } from './events';

export interface StopOptions extends ActOptions {
  /** Who stops it and why. */
  readonly why: string;
  /** Its other components too. */
  readonly all: boolean;
}

/**
 * Sets a hold and stops, in one change: nothing starts it again until the hold is lifted. The signer first, others only if asked.
 *
 * @returns what is stopped, once its pods are gone @throws UserError where one is still there
 */
export async function stop(kube: Kube, target: NodeTarget, { timeoutSeconds, signal, why, all }: StopOptions, on: OnEvent): Promise<readonly ComponentName[]> {
  const components = await componentsOf(kube, target);
  const signers = components.filter(isSigner);
  const chosen = target.component !== undefined || all || signers.length === 0 ? [...components].reverse() : signers;
  for (const one of chosen) {
    await write(kube, nameOf(one), { metadata: { annotations: { [ANNOTATIONS.hold]: why } }, spec: { replicas: 0 } });
    on({ what: 'stops', component: nameOf(one) });
  }
  for (const one of chosen) {
    await podGone(kube, one, timeoutSeconds, signal);
    on({ what: 'pod-gone', component: nameOf(one), pod: nameOfPod(one.metadata) });
  }
  return chosen.map(nameOf);
}

/** Holds without stopping: what runs goes on, and once it is stopped nothing starts it. @returns what is held @throws UserError */
export async function hold(kube: Kube, target: NodeTarget, { why }: Pick<StopOptions, 'why'>, on: OnEvent): Promise<readonly ComponentName[]> {
  const names = (await componentsOf(kube, target)).map(nameOf);
  for (const component of names) {
    await write(kube, component, { metadata: { annotations: { [ANNOTATIONS.hold]: why } } });
    on({ what: 'held', component, why });
  }
  return names;
}

async function podGone(kube: Kube, component: Component, timeoutSeconds: number, signal: AbortSignal | undefined): Promise<void> {
  const pod = nameOfPod(component.metadata);
  // A pod that ended by itself may be made again by a controller that has not seen the stop yet: it has to count none.
  const counted = async (): Promise<number> => {
    const now = await find(kube, nameOf(component));
    return now === undefined ? 0 : isSeen(now) ? (now.status?.replicas ?? 0) : 1;
  };
  try {
    await until(deadlineIn(timeoutSeconds), `pod ${pod} is gone`, async () => (await counted()) === 0 && (await podOf(kube, component)) === undefined, signal);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (isKubeError(error)) throw new UserError([...error.failures, { message: `whether pod ${pod} is gone is not known: it may be signing`, next: 'The hold is set. Once the API server answers, stop it again, and see its pod end.' }]);
    refuse(`pod ${pod} is still there after ${timeoutSeconds} s: it may be signing`, 'Wait; if its machine does not answer, see docs/runbooks/machines.md. Prove that it ended before you believe it.');
  }
}
