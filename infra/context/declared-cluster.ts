import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { nearest } from '../../model/errors';
import { clusterSchema } from '../../model/schema/cluster';

/** A cluster that is not declared, or whose file can't be read; says what to do. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';
}

/**
 * One cluster's own declaration, of a fleet that may be wrong elsewhere.
 *
 * @param fleet folder
 * @throws DeclarationError
 */
export function declaredCluster(fleet: string, cluster: string): ReturnType<typeof clusterSchema.parse> {
  const folder = join(fleet, 'clusters');
  const names = existsSync(folder) ? readdirSync(folder).flatMap((file) => (file.endsWith('.yaml') ? [file.slice(0, -'.yaml'.length)] : [])) : [];
  if (!names.includes(cluster)) {
    const meant = nearest(cluster, names);
    throw new DeclarationError(`cluster ${JSON.stringify(cluster)} is unknown\n  allowed: ${names.join(', ') || `nothing is declared in ${folder}`}${meant === undefined ? '' : `\n  did you mean ${JSON.stringify(meant)}?`}\n  next: Correct the name, or declare the cluster first.`);
  }
  const file = join(folder, `${cluster}.yaml`);
  const judged = clusterSchema.safeParse(content(file));
  if (!judged.success) throw new DeclarationError(`${file} can not be read\n  next: Run \`npm run synth\`, which says what is wrong with it.`);
  return judged.data;
}

function content(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
