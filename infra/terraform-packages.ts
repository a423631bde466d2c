import { readFileSync } from 'node:fs';
import { refusal } from '../errors/user-error';
import { ofPackage } from '../workspace/own-package';

/**
 * Loads what imports CDKTF. Its packages are optional peers (ADR 21): 700 MB that nobody needs who renders manifests alone. A provider of another version
 * would render other Terraform without a word, so versions have to be the ones that are pinned.
 *
 * @param installed the version of a package that is found from here
 * @throws UserError with the line that adds them, before anything is loaded
 */
export function withTerraform<T>(load: () => T, installed: (name: string) => string | undefined = installedVersion): T {
  const wanted = terraformPackages();
  const wrong = Object.entries(wanted).flatMap(([name, version]) => {
    const found = installed(name);
    if (found === version) return [];
    return [found === undefined ? `${name} is not installed` : `${name} is installed in version ${found}, not ${version}`];
  });
  if (wrong.length === 0) return load();
  const line = `npm install --save-exact ${Object.entries(wanted).map(([name, version]) => `${name}@${version}`).join(' ')}`;
  throw refusal(`Terraform can't be rendered: ${wrong.join('; ')}`, `Add the packages: ${line}`);
}

/** Names and exact versions, as package.json has them. */
export function terraformPackages(): Readonly<Record<string, string>> {
  return (JSON.parse(readFileSync(ofPackage('package.json'), 'utf8')) as { peerDependencies: Record<string, string> }).peerDependencies;
}

function installedVersion(name: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string }).version;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
