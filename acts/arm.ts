import type { Kube } from '../kube/kube';
import { type ComponentName, componentsOf, isArmed, nameOf, type NodeTarget, setPartition } from './component';
import type { OnEvent } from './events';

/** Arms whatever of a node is disarmed, so that nothing replaces its pods. @returns what was disarmed @throws UserError */
export async function arm(kube: Kube, target: NodeTarget, on: OnEvent): Promise<readonly ComponentName[]> {
  const disarmed = (await componentsOf(kube, target)).filter((one) => !isArmed(one)).map(nameOf);
  for (const component of disarmed) {
    await setPartition(kube, component, 1);
    on({ what: 'armed', component });
  }
  return disarmed;
}
