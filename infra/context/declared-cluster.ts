import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { refusal, refuse } from '../../errors/user-error';
import { nearest } from '../../model/errors';
import { clusterSchema } from '../../model/schema/cluster';

/**
 * One cluster's own declaration, of a fleet that may be wrong elsewhere.
 *
 * @param fleet folder
 * @throws UserError where it is not declared, or its file can not be read
 */
export function declaredCluster(fleet: string, cluster: string): ReturnType<typeof clusterSchema.parse> {
  const folder = join(fleet, 'clusters');
  const names = existsSync(folder) ? readdirSync(folder).flatMap((file) => (file.endsWith('.yaml') ? [file.slice(0, -'.yaml'.length)] : [])) : [];
  if (!names.includes(cluster)) {
    throw refusal(`cluster ${JSON.stringify(cluster)} is unknown`, 'Correct the name, or declare the cluster first.', { allowed: names.length > 0 ? names : `nothing is declared in ${folder}`, suggestion: nearest(cluster, names) });
  }
  const file = join(folder, `${cluster}.yaml`);
  const judged = clusterSchema.safeParse(content(file));
  if (!judged.success) return refuse(`${file} can not be read`, 'Run `npm run synth`, which says what is wrong with it.');
  return judged.data;
}

function content(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
