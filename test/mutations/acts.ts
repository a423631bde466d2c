import type { Weakening } from './weakening';

const RENDERED = 'apps/deploy/rendered.ts';
const APPLY = 'apps/deploy/apply.ts';
const FIRE = 'acts/fire.ts';
const STOP = 'acts/stop.ts';

/** Of what is done to clusters. */
export const ACT_WEAKENINGS: readonly Weakening[] = [
  { point: 'inspect-armed', file: RENDERED, from: 'partition !== 1) return', to: 'partition === 2) return' },
  { point: 'inspect-armed', file: RENDERED, from: 'partition !== 1) return', to: 'partition != 1) return' },
  { point: 'inspect-one-replica', file: RENDERED, from: 'spec.replicas !== 0 && spec.replicas !== 1', to: 'spec.replicas === 3' },
  { point: 'inspect-one-replica', file: RENDERED, from: 'spec.replicas !== 0 && spec.replicas !== 1', to: 'spec.replicas !== undefined && spec.replicas !== 0 && spec.replicas !== 1' },
  { point: 'inspect-kinds', file: RENDERED, from: 'if (!KINDS.has(kindOf(manifest)) &&', to: 'if (false &&' },
  { point: 'inspect-kinds', file: RENDERED, from: 'if (runsPods(manifest)) return', to: 'if (false) return' },
  { point: 'inspect-kinds', file: RENDERED, from: "  'apps/v1/StatefulSet',\n", to: "  'apps/v1/StatefulSet',\n  'v1/Secret',\n" },
  { point: 'inspect-namespaces', file: RENDERED, from: 'if (!isOurs(', to: 'if (false && !isOurs(' },
  { point: 'inspect-once', file: RENDERED, from: 'if (seen.has(what)) return', to: 'if (seen.has("")) return' },
  { point: 'held-since', file: APPLY, from: '      held.add(name);\n', to: '' },
  { point: 'held-since', file: APPLY, from: '.filter(({ manifest }) => !held.has(nameOf(manifest)))', to: '' },
  { point: 'changed-since', file: APPLY, from: 'if (before === (now === undefined ? undefined : substanceDigest(now))) return [];', to: 'return [];' },
  { point: 'changed-since', file: APPLY, from: 'if (before === (now', to: 'if (before === undefined || before === (now' },
  { point: 'changed-since', file: 'apps/deploy/compare.ts', from: "key !== 'status'", to: 'true' },
  { point: 'changed-since', file: 'apps/deploy/compare.ts', from: "'creationTimestamp', 'selfLink'", to: "'creationTimestamp', 'selfLink', 'uid'" },
  { point: 'half-an-apply', file: APPLY, from: 'if (refused.length > 0) {', to: 'if (refused.length > 99) {' },
  { point: 'half-an-apply', file: APPLY, from: '      if (error.transient) break;\n', to: '' },
  { point: 'half-an-apply', file: APPLY, from: '        done.push(nameOf(manifest));\n', to: '' },
  { point: 'no-pod-replaced', file: APPLY, from: 'after.get(name) !== uid', to: 'after.get(name) === uid' },
  { point: 'no-pod-replaced', file: APPLY, from: '  await nothingRestarted(platform, workloads, before, deadlineIn(timeoutSeconds));\n', to: '' },
  { point: 'armed-again', file: FIRE, from: '    await armAgain(kube, name);\n', to: '' },
  { point: 'armed-again', file: FIRE, from: '  } finally {\n    await armAgain(kube, name);\n  }\n', to: '  } catch (error) {\n    throw error;\n  }\n  await armAgain(kube, name);\n' },
  { point: 'armed-again', file: FIRE, from: '  try {\n    await setPartition(kube, name, 0);\n', to: '  await setPartition(kube, name, 0);\n  try {\n' },
  { point: 'armed-again', file: FIRE, from: '!error.transient || attempt === ATTEMPTS', to: 'true' },
  { point: 'stop-waits', file: STOP, from: '(await counted()) === 0 && (await podOf(kube, component)) === undefined', to: 'true' },
  { point: 'stop-waits', file: STOP, from: '(await counted()) === 0 && (await podOf(kube, component)) === undefined', to: '(await podOf(kube, component)) === undefined' },
  { point: 'stop-waits', file: STOP, from: '(await counted()) === 0 && (await podOf(kube, component)) === undefined', to: '(await counted()) === 0' },
  { point: 'stop-waits', file: STOP, from: 'isSeen(now) ? (now.status?.replicas ?? 0) : 1', to: 'now.status?.replicas ?? 0' },
  { point: 'stop-waits', file: 'kube/errors.ts', from: "  if (status === 404 && !isStatus) return 'not-understood';\n", to: '' },
];
