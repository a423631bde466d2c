import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Tombstone } from '../../model/types';
import type { StackContext } from '../context';
import { clusterOfProject, DEMAND_FILE, manifestsProject, PROJECTS_FOLDER, projectsOf, type Project } from './projects';
import { filesBelow } from '../../workspace/walk';

export const ATLANTIS_FILE = 'atlantis.yaml';

/** Something that was listed would be forgotten: Terraform would never destroy it, and nobody would pay attention to it any more. */
export interface Lost {
  readonly projects: readonly string[];
  readonly message: string;
  readonly next: string;
}

/**
 * What git has to hold for Atlantis, by path from the repository's root: `atlantis.yaml` and a folder for each project.
 *
 * @param folder of the fleet, from the root
 */
export function atlantisFiles(context: StackContext, folder?: string): ReadonlyMap<string, string> {
  const projects = projectsOf(context, folder);
  return new Map([
    [ATLANTIS_FILE, atlantisYaml(projects)],
    ...projects.map(({ dir, demand }): [string, string] => [`${dir}/${DEMAND_FILE}`, `${JSON.stringify(demand, null, 2)}\n`]),
  ]);
}

/** Names of the projects that an `atlantis.yaml` lists. @throws Error where it is none */
export function listedProjects(text: string): string[] {
  const { projects = [] } = (parse(text) ?? {}) as { projects?: { name?: unknown }[] };
  return projects.map(({ name }) => {
    if (typeof name !== 'string') throw new Error(`${ATLANTIS_FILE} lists a project without a name; restore the file from git`);
    return name;
  });
}

/**
 * What would no longer be listed without having been destroyed. A cluster leaves in three merged changes: its file goes and a tombstone comes,
 * which empties its stacks; they are applied, which destroys what they had; the tombstone says `destroyed: true`, which drops them.
 *
 * @param before names that were listed, by a revision or the working tree
 */
export function lostProjects(before: readonly string[], context: StackContext, where: string): Lost[] {
  const now = new Set(projectsOf(context).map(({ name }) => name));
  const { tombstones } = context.fleet.infrastructure;
  const byCluster = new Map<string | undefined, string[]>();
  for (const name of before.filter((one) => !now.has(one))) {
    const cluster = clusterOfProject(name);
    byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), name]);
  }
  return [...byCluster].flatMap(([cluster, projects]) => {
    if (cluster === undefined) {
      return [
        {
          projects,
          message: `${projects.join(', ')} would no longer be listed, and what they made would stay for ever: ${where} lists them.`,
          next: 'These stacks are the whole fleet\'s: the home cloud or a kind of stack was changed. Undo that, or destroy them by an exceptional, reviewed change of infra/stacks first.',
        },
      ];
    }
    const tombstone = tombstones.find((one) => one.cluster === cluster);
    return lostOfCluster(cluster, tombstone, projects, before, where);
  });
}

function lostOfCluster(cluster: string, tombstone: Tombstone | undefined, projects: readonly string[], before: readonly string[], where: string): Lost[] {
  const file = `fleet/clusters/${cluster}.yaml`;
  if (tombstone === undefined) {
    return [
      {
        projects,
        message: `cluster "${cluster}" (${file}) is gone without a tombstone: ${where} lists ${projects.join(', ')}, which nothing would ever destroy.`,
        next: `Restore ${file}, or add the cluster to tombstones in fleet/infrastructure.yaml with destroyed: false. A renamed cluster is another cluster: the old name needs a tombstone.`,
      },
    ];
  }
  // Its stacks were emptied by a merged change if its manifests had gone before.
  if (tombstone.destroyed && before.includes(manifestsProject(cluster))) {
    return [
      {
        projects,
        message: `cluster "${cluster}" (${file}) is called destroyed in the change that removes it: ${where} lists it as running.`,
        next: 'Write destroyed: false in fleet/infrastructure.yaml, merge, have the emptied stacks applied, and call it destroyed in a change of its own.',
      },
    ];
  }
  return [];
}

/** Paths whose content in the folder is not what it should be, and those below {@link PROJECTS_FOLDER} that should not be there. */
export function differences(root: string, files: ReadonlyMap<string, string>): string[] {
  const wrong = [...files].filter(([path, text]) => readIfThere(join(root, path)) !== text).map(([path]) => path);
  return [...wrong, ...filesBelow(join(root, PROJECTS_FOLDER)).map((path) => `${PROJECTS_FOLDER}/${path}`).filter((path) => !files.has(path))].sort();
}

/** Makes the folder hold exactly these. @returns the paths that changed */
export function writeAtlantis(root: string, files: ReadonlyMap<string, string>): string[] {
  const changed = differences(root, files);
  for (const path of changed) {
    const text = files.get(path);
    if (text === undefined) {
      rmSync(join(root, path));
      const folder = dirname(join(root, path));
      if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
      continue;
    }
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return changed;
}

function atlantisYaml(projects: readonly Project[]): string {
  const document = {
    version: 3,
    automerge: false,
    parallel_plan: true,
    // Applied one after the other, in the order of the groups; a failure stops those behind it.
    parallel_apply: false,
    abort_on_execution_order_fail: true,
    projects: projects.map(({ name, dir, workflow, executionOrderGroup, dependsOn, whenModified }) => ({
      name,
      dir,
      workflow,
      execution_order_group: executionOrderGroup,
      ...(dependsOn.length === 0 ? {} : { depends_on: dependsOn }),
      autoplan: { enabled: true, when_modified: whenModified },
    })),
  };
  return `${HEADER}${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

const HEADER = `# Written by \`npm run atlantis\` from the fleet: don't edit it. Workflows are defined on the server (infra/atlantis/server/repos.yaml).\n`;

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
