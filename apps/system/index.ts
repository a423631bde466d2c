import type { Cluster, Fleet } from '../../model/types';
import { programWrong, type PlatformFile } from '../platform';
import { problemsOfProgram, type Program } from './program';

/** The programs that clusters run beside their nodes, one a file of this folder; in the order of their names. */
export const PROGRAMS: readonly Program[] = [];

/**
 * What a cluster's programs are made of, a file each, below `platform/`. It is applied by the platform identity, once everything that bounds it is there and before any node.
 *
 * @throws PlatformError `program-wrong`
 */
export function programFiles(fleet: Fleet, cluster: Cluster, programs: readonly Program[] = PROGRAMS): PlatformFile[] {
  const names = programs.map(({ name }) => name);
  for (const name of names) {
    if (!/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) throw programWrong(cluster.name, name, 'its name is no DNS label');
    if (names.indexOf(name) !== names.lastIndexOf(name)) throw programWrong(cluster.name, name, 'two programs have this name');
  }
  const files = programs.map(({ name, objects }) => ({ name, objects: objects(fleet, cluster) })).filter(({ objects }) => objects.length > 0);
  const all = files.flatMap(({ objects }) => objects);
  for (const { name, objects } of files) {
    for (const object of objects) {
      const [problem] = problemsOfProgram(object, all);
      if (problem !== undefined) throw programWrong(cluster.name, name, `${object.kind} "${object.metadata.name}" ${problem}`);
    }
  }
  return files.map(({ name, objects }) => ({ path: `system/${name}.yaml`, objects }));
}
