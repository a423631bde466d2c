import { differencesBetween } from '../../apps/deploy/compare';
import type { Live } from '../../kube/objects';
import type { LiveObject } from './api';

/**
 * In what objects differ from what they were before an apply: paths such as `spec.replicas`, each behind its object's, and `ownership` where an
 * applier owns other fields than it did. Controllers write statuses when they come to it, on a busy machine long after: their writing is no change,
 * and neither is the version that it moves on.
 */
export function changesOf(before: Readonly<Record<string, LiveObject>>, after: Readonly<Record<string, LiveObject>>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((path) => {
    const [was, is] = [before[path], after[path]] as [Live | undefined, Live | undefined];
    if (was === undefined || is === undefined) return [`${path}: ${is === undefined ? 'is gone' : 'is new'}`];
    const ownership = JSON.stringify(appliersOf(was)) === JSON.stringify(appliersOf(is)) ? [] : ['ownership'];
    return [...differencesBetween(was, is), ...ownership].map((difference) => `${path}: ${difference}`);
  });
}

/** Who applied which fields. */
const appliersOf = ({ metadata }: Live): object[] =>
  (metadata.managedFields ?? []).filter(({ operation, subresource }) => operation === 'Apply' && subresource === undefined).map(({ manager, fieldsV1 }) => ({ manager, fieldsV1 }));
