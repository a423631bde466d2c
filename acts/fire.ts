import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors/user-error';
import { isKubeError } from '../kube/errors';
import type { Kube } from '../kube/kube';
import { deadlineIn, until } from '../kube/wait';
import { type ActOptions, type Component, type ComponentName, componentsOf, holdOf, isArmed, isSeen, nameOf, type NodeTarget, podOf, read, revisionOf, setPartition } from './component';
import type { OnEvent } from './events';

export interface Fired {
  readonly component: ComponentName;
  /** Whether its pod was replaced; else it ran what was applied. */
  readonly replaced: boolean;
  readonly revision: string | undefined;
}

/**
 * Lets a node take what was applied: disarms one component after the other, waits until its pod has the new revision and is ready, and arms it
 * again whatever happens. Signers come last, when all that they ask is there.
 *
 * @throws UserError
 */
export async function fire(kube: Kube, target: NodeTarget, options: ActOptions, on: OnEvent): Promise<readonly Fired[]> {
  const components = await componentsOf(kube, target);
  refuseStopped(components);
  const outcome: Fired[] = [];
  for (const component of components) outcome.push(await fireOne(kube, component, options, on));
  return outcome;
}

function refuseStopped(components: readonly Component[]): void {
  const problems = components.flatMap((one) => {
    const held = holdOf(one);
    if (held !== undefined) return [{ message: `${one.metadata.name} is held (${held}): nothing starts it`, next: 'Find out why, then: npm run manifests -- resume.' }];
    if (one.spec.replicas === 0) return [{ message: `${one.metadata.name} is stopped, so there is nothing to fire`, next: 'It takes what was applied when it is started.' }];
    return [];
  });
  if (problems.length > 0) throw new UserError(problems);
}

async function fireOne(kube: Kube, component: Component, { timeoutSeconds, signal }: ActOptions, on: OnEvent): Promise<Fired> {
  const [name, what] = [nameOf(component), component.metadata.name];
  // Until its controller has seen what was applied, its status tells of what was there before.
  await until(deadlineIn(timeoutSeconds), `the controller has seen what was applied of ${what}`, async () => isSeen(await read(kube, name)), signal);
  const seen = await read(kube, name);
  // The components before it took their time, in which somebody may have held this one.
  refuseStopped([seen]);
  const { status } = seen;
  const revision = status?.updateRevision;
  // After a change that went wrong was taken back, both revisions are the one before, and the pod is still at the one that went wrong.
  if (status?.currentRevision === revision && [undefined, revision].includes(revisionOf(await podOf(kube, component)))) {
    // Somebody's fire may have ended before it could arm it again.
    if (!isArmed(seen)) await armAgain(kube, name, on);
    on({ what: 'runs-what-was-applied', component: name });
    return { component: name, replaced: false, revision };
  }
  on({ what: 'firing', component: name });
  try {
    await setPartition(kube, name, 0);
    await until(deadlineIn(timeoutSeconds), `${what} runs ${revision} and is ready`, async () => {
      const now = await read(kube, name);
      return isSeen(now) && now.status?.currentRevision === revision && now.status?.readyReplicas === 1 && revisionOf(await podOf(kube, component)) === revision;
    }, signal);
  } finally {
    await armAgain(kube, name);
  }
  on({ what: 'fired', component: name, revision });
  return { component: name, replaced: true, revision };
}

const ATTEMPTS = 8;

/** What ended a fire, such as a proxy that died, often ends the next request too, and nobody else arms it: so it is tried again, for half a minute and more. @throws UserError that says what is disarmed */
async function armAgain(kube: Kube, component: ComponentName, on: OnEvent = () => undefined): Promise<void> {
  for (let attempt = 1, wait = 250; ; attempt += 1, wait *= 2) {
    try {
      await setPartition(kube, component, 1);
      return on({ what: 'armed', component });
    } catch (error) {
      // A set that is gone has nothing to arm.
      if (!isKubeError(error) || error.reason === 'not-found') throw error;
      if (!error.transient || attempt === ATTEMPTS) {
        throw new UserError([...error.failures, { message: `${component.name} may be disarmed: as long as it is, whatever is applied replaces its pod at once`, next: 'Once the API server answers, fire it again: that arms it.' }]);
      }
      await sleep(wait);
    }
  }
}
