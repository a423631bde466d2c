import { refuse } from '../errors/user-error';
import { isKubeError } from '../kube/errors';
import type { Kube } from '../kube/kube';
import { deadlineIn, until } from '../kube/wait';
import { type ActOptions, type Component, componentsOf, nameOf, nameOfPod, type NodeTarget, podOf, podPath } from './component';
import type { OnEvent } from './events';

export interface DeletePodOptions extends ActOptions {
  /** The pod's life that was looked at; a newer one is left alone. @default - the one that is there now */
  readonly uid?: string;
}

/**
 * Ends the pod of one component, with the grace that it declares; its controller makes it again, armed at the revision that it had. Never by force.
 *
 * @returns the life that ended; undefined where there was no pod
 * @throws UserError where it is another one than was meant, or is still there
 */
export async function deletePod(kube: Kube, target: NodeTarget & { readonly component: string }, { uid, timeoutSeconds, signal }: DeletePodOptions, on: OnEvent): Promise<string | undefined> {
  const [component] = (await componentsOf(kube, target)) as readonly [Component];
  const pod = nameOfPod(component.metadata);
  const life = uid ?? (await podOf(kube, component))?.metadata.uid;
  if (life === undefined) return undefined;
  const isThere = async (): Promise<boolean> => (await podOf(kube, component))?.metadata.uid === life;
  try {
    await kube.delete(podPath(component), { uid: life });
  } catch (error) {
    if (isKubeError(error, 'not-found')) return life;
    if (isKubeError(error, 'conflict') && !(await isThere())) refuse(`pod ${pod} is not the one that was meant (${life}): it was made anew`, 'Look at it, then decide again.', error.words);
    throw error;
  }
  on({ what: 'pod-ends', component: nameOf(component), pod });
  await until(deadlineIn(timeoutSeconds), `pod ${pod} (${life}) is gone`, async () => !(await isThere()), signal);
  on({ what: 'pod-gone', component: nameOf(component), pod });
  return life;
}
