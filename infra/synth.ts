import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { App } from 'cdktf';
import { catalogue } from '../chains';
import { refuse } from '../errors/user-error';
import { checkFleetFolder } from '../model/check-folder';
import { FleetError } from '../model/errors';
import type { Fleet } from '../model/types';
import { clusterDemands } from './context/demand';
import { addStacks, stacksOf } from './stacks';
import type { StackContext } from './context';
import { folderBeside, swapFolder } from '../workspace/replace-folder';

export { stackWarnings } from './stacks/warnings';

/**
 * Reads a fleet for Terraform.
 *
 * @throws FleetError with every problem of the fleet, or where it declares no infrastructure
 */
export function loadStacks(folder: string): StackContext {
  const { fleet, problems } = checkFleetFolder(folder, catalogue);
  if (!fleet) throw new FleetError(problems, folder);
  return stackContext(fleet, folder);
}

/** @throws FleetError where the fleet declares no infrastructure */
export function stackContext(fleet: Fleet, folder: string): StackContext {
  const { infrastructure } = fleet;
  if (infrastructure === undefined) {
    throw new FleetError([{
      code: 'missing-file',
      level: 'error',
      message: 'it is missing: what the clouds hold beside clusters is declared there',
      places: [{ file: 'infrastructure.yaml', line: 1, column: 1 }],
      next: 'Create it, or render manifests alone: npx cdk8s synth',
    }], folder);
  }
  return { fleet: { ...fleet, infrastructure }, demands: clusterDemands(fleet, catalogue) };
}

/**
 * A whole folder is replaced: only one that such a run made, or an empty one.
 *
 * @throws UserError
 */
export function checkTerraformOut(out: string): void {
  const target = resolve(out);
  if (!existsSync(target)) return;
  if (statSync(target).isDirectory() && (readdirSync(target).length === 0 || existsSync(join(target, 'manifest.json')))) return;
  refuse(`Terraform's output folder ${JSON.stringify(out)} holds something else than rendered Terraform: a run would delete it`, 'Choose another --terraform-out, or empty it');
}

/**
 * Writes `manifest.json` and `stacks/<id>/cdk.tf.json` of every stack. The folder is replaced as a whole once all of it is made.
 *
 * @returns how many stacks there are
 */
export function synthStacks(context: StackContext, out: string): number {
  checkTerraformOut(out);
  const target = resolve(out);
  const staging = folderBeside(target);
  try {
    const app = new App({ outdir: staging, stackTraces: false });
    withoutTraces(() => {
      addStacks(app, context);
      app.synth();
    });
    swapFolder(staging, target);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
  return stacksOf(context.fleet).length;
}

/**
 * CDKTF takes the whole stack trace of every token (`cdktf/lib/tokens/private/stack-trace.js`), for a line in a message about one that can't be resolved: half of what
 * synthesis cost. `stackTraces: false` spares metadata alone. Errors that are thrown have theirs.
 */
function withoutTraces(act: () => void): void {
  const own = Object.getOwnPropertyDescriptor(Error, 'captureStackTrace')!;
  Error.captureStackTrace = () => undefined;
  try {
    act();
  } finally {
    Object.defineProperty(Error, 'captureStackTrace', own);
  }
}
