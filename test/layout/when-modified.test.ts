import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isTouched } from '../atlantis/fleets';
import { importsOf, reachedFrom, sources } from './imports';
import { ROOMS } from '../rooms';

interface Project {
  readonly name: string;
  readonly dir: string;
  readonly workflow: string;
  readonly autoplan: { readonly when_modified: readonly string[] };
}

const imports = importsOf(sources('.', [...ROOMS, 'test']));
const { projects } = parse(readFileSync('atlantis.yaml', 'utf8')) as { readonly projects: readonly Project[] };

/** What makes a project's output, by its workflow. `keys` compares files of git and renders nothing. */
const PROGRAMS = { terraform: 'infra/main.ts', manifests: 'apps/synth.ts' } as const;

const touches = ({ dir, autoplan }: Project, file: string, without?: string): boolean => isTouched({ dir, whenModified: autoplan.when_modified.filter((pattern) => pattern !== without) }, [file]);

/** A stack of one cloud is not made of the other cloud's stacks, though one index lists both. */
const isOtherClouds = ({ dir, autoplan }: Project, file: string): boolean =>
  autoplan.when_modified.some((pattern) => /^!.*stacks\/(aws|gcp)\/\*\*$/.test(pattern) && isTouched({ dir, whenModified: [pattern.slice(1)] }, [file]));

describe('when_modified', () => {
  const made = projects.flatMap((project) => (project.workflow in PROGRAMS ? [{ project, files: [...reachedFrom([PROGRAMS[project.workflow as keyof typeof PROGRAMS]], imports)] }] : []));

  it('matches every file that a project is made of', () => {
    expect(made.length).toBeGreaterThan(40);
    const missed = made.flatMap(({ project, files }) => files.filter((file) => !touches(project, file) && !isOtherClouds(project, file)).map((file) => `${project.name} is not planned when ${file} changes`));
    expect(missed).toEqual([]);
  });

  it('names no room that a project is not made of', () => {
    const idle = made.flatMap(({ project, files }) =>
      project.autoplan.when_modified.filter((pattern) => /\/\*\*$/.test(pattern) && !pattern.startsWith('!') && !files.some((file) => isTouched({ dir: project.dir, whenModified: [pattern] }, [file]))).map((pattern) => `${project.name}: ${pattern}`),
    );
    expect(idle).toEqual([]);
  });

  it('control: without one of the patterns of rooms, a file is missed', () => {
    const { project, files } = made[0]!;
    for (const pattern of project.autoplan.when_modified.filter((one) => /^[^!].*\/\*\*$/.test(one))) {
      expect({ pattern, missed: files.some((file) => !touches(project, file, pattern) && !isOtherClouds(project, file)) }).toEqual({ pattern, missed: true });
    }
  });
});
