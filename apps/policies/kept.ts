/**
 * CEL: which updates leave what a rule judges as it was. A stop is a write of the whole object, so a rule that was tightened since the object was
 * written would refuse it: what an update neither changes nor starts is not judged by it.
 */

/** Fields of `spec` that say how much of a workload runs. */
const COUNTS: readonly string[] = ['replicas', 'parallelism', 'minReplicas', 'maxReplicas'];
const DIALS = `['${[...COUNTS, 'suspend'].join("', '")}']`;

/** Left out, a count is 1; a `Scale` alone leaves out a 0 (kubernetes: staging/src/k8s.io/api/autoscaling/v1, ScaleSpec). */
const LEFT_OUT = `(object.kind == 'Scale' ? 0 : 1)`;
const partitionOf = (one: string): string => `${one}.?spec.?updateStrategy.?rollingUpdate.?partition.orValue(0)`;

/** CEL: no count is raised, nothing suspended goes on, and a partition is armed (1) or stays as it was. */
const STARTS_NOTHING =
  `['${COUNTS.join("', '")}'].all(count, object.?spec[?count].orValue(${LEFT_OUT}) <= oldObject.?spec[?count].orValue(${LEFT_OUT})) && ` +
  `(object.?spec.?suspend.orValue(false) || !oldObject.?spec.?suspend.orValue(false)) && ` +
  `(${partitionOf('object')} == ${partitionOf('oldObject')} || ${partitionOf('object')} == 1)`;

/**
 * CEL: an update that starts nothing and changes nothing below the paths.
 *
 * @param paths as `metadata.labels` or `spec.template`; `spec` alone is all of it but the counts, which may fall
 */
export const keptAndNothingStarts = (paths: readonly string[]): string => [`request.operation == 'UPDATE'`, STARTS_NOTHING, ...paths.map(pathKept)].join(' && ');

function pathKept(path: string): string {
  if (path === 'spec') return `[object, oldObject].all(one, one.?spec.orValue({}).all(key, key in ${DIALS} || object.spec[?key] == oldObject.spec[?key]))`;
  const of = (one: string): string => `${one}.?${path.replaceAll('.', '.?')}`;
  return `${of('object')} == ${of('oldObject')}`;
}
