import { setTimeout as sleep } from 'node:timers/promises';
import { refuse } from '../errors/user-error';

/** In milliseconds since 1970. */
export const deadlineIn = (seconds: number): number => Date.now() + seconds * 1000;

/** Asks again until it holds, at first after 0.1 s, later every 2 s. @throws UserError at the deadline, or when the signal ends it */
export async function until(deadline: number, what: string, holds: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  for (let wait = 100; !(await holds()); wait = Math.min(wait * 2, 2000)) {
    if (signal?.aborted) refuse(`interrupted while waiting until ${what}`, 'Look at the cluster before you go on.');
    if (Date.now() > deadline) refuse(`gave up waiting until ${what}`, 'Look at the cluster, then go on: what was done until here stays.');
    await sleep(wait);
  }
}
