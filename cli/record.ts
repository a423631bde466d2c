import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, refusal, UserError } from '../errors/user-error';
import { declaredCluster } from '../infra/context/declared-cluster';
import { parseOutputs, recordOutputs, type TerraformOutputs } from '../infra/context/observed';
import { clusterStackName } from '../naming/clouds';
import { readIfThere, replaceFile } from '../workspace/replace-file';
import { command, fleetOption, type Io } from './io';

interface Options {
  readonly cluster: string;
  readonly outputs?: readonly string[];
  readonly fleet: string;
  readonly stacks: string;
  readonly terraform: string;
  readonly dryRun?: true;
}

/** `npm run record`: what the clouds assigned on apply, from Terraform's outputs to `fleet/observed/<cluster>.yaml`, for review. */
export const record = command<Options>({
  define: (one) =>
    one
      .requiredOption('--cluster <name>', 'whose stacks')
      .option('--outputs <file...>', 'what `terraform output -json` printed for its network and cluster stacks; without it, terraform is asked')
      .option(...fleetOption)
      .option('--stacks <folder>', 'where the rendered stacks are, initialised', 'cdktf.out/stacks')
      .option('--terraform <program>', 'what to ask', 'terraform')
      .option('--dry-run', 'print the file, write nothing'),
  body,
});

async function body({ cluster, outputs, fleet, stacks, terraform, dryRun }: Options, { stdout }: Io): Promise<number> {
  // The fleet as a whole may be wrong just now, for want of what is recorded here.
  const { cloud } = declaredCluster(fleet, cluster);
  const found = outputs === undefined ? ask(cluster, stacks, terraform) : read(outputs);
  const path = join(fleet, 'observed', `${cluster}.yaml`);
  const before = await readIfThere(path);
  const { text, summary, changed } = recordOutputs(before, found, cloud);
  if (dryRun) {
    stdout.write(text);
    return EXIT.done;
  }
  if (changed) {
    mkdirSync(dirname(path), { recursive: true });
    await replaceFile(path, text, before);
  }
  stdout.write([...summary, changed ? `${path} is written. Have it reviewed; \`npm run synth\` then uses it.` : `${path} is as it was.`, ''].join('\n'));
  return EXIT.done;
}

function read(files: readonly string[]): TerraformOutputs {
  return merge(
    files.map((file) => {
      if (!existsSync(file)) throw refusal(`${file} is not there`, `Write it with \`terraform output -json > ${file}\`.`);
      return [file, parseOutputs(readFileSync(file, 'utf8'), file)];
    }),
  );
}

function ask(cluster: string, stacks: string, terraform: string): TerraformOutputs {
  return merge(
    (['network', 'cluster'] as const).map((kind) => {
      const folder = join(stacks, clusterStackName(cluster, kind));
      if (!existsSync(folder)) throw refusal(`${folder} is not there`, `Run \`npm run synth\`, then \`${terraform} -chdir=${folder} init\`.`);
      try {
        return [folder, parseOutputs(execFileSync(terraform, [`-chdir=${folder}`, 'output', '-json'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }), folder)];
      } catch (error) {
        if (error instanceof UserError) throw error;
        const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
        const why = code === 'ENOENT' ? `${terraform} is not on the PATH` : (stderr ?? String(error)).trim();
        throw refusal(`the outputs of ${folder} can't be read: ${why}`, `Run \`${terraform} -chdir=${folder} init\`, or give them with --outputs.`);
      }
    }),
  );
}

/** Two stacks that give one output are those of two clusters. */
function merge(sources: readonly (readonly [source: string, outputs: TerraformOutputs])[]): TerraformOutputs {
  const merged: Record<string, TerraformOutputs[string]> = {};
  const from: Record<string, string> = {};
  for (const [source, outputs] of sources) {
    for (const [name, output] of Object.entries(outputs)) {
      if (from[name] !== undefined) throw refusal(`${name} is an output of ${from[name]} and of ${source}`, `Give the outputs of one cluster's network and cluster stacks, each once.`);
      merged[name] = output;
      from[name] = source;
    }
  }
  return merged;
}
