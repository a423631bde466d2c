import { importsOf, packageImports, reachedFrom } from './imports';

/** What package.json says of other packages. */
export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/**
 * Where package.json and what the product imports don't agree, a line each.
 *
 * @param texts of the product, by path; no tests
 * @param library files that the package exports
 */
export function wrongPackages({ dependencies, devDependencies, peerDependencies, peerDependenciesMeta }: Manifest, texts: ReadonlyMap<string, string>, library: readonly string[]): string[] {
  const imports = importsOf(texts);
  const used = packageImports(texts);
  const exported = reachedFrom(library, imports);
  // A type of another package is part of what we publish, too; what commands take of types alone is gone when they run.
  const unlisted = used.flatMap(({ file, line, name, kind }) => {
    if (name in dependencies || (name in peerDependencies && !exported.has(file))) return [];
    if (exported.has(file)) return [`${file}:${line} imports ${name}, and is exported: only dependencies are there for whoever installs the package`];
    return kind === 'type' ? [] : [`${file}:${line} imports ${name}, which package.json does not list for those who run it`];
  });
  const early = programs(imports).flatMap((program) => {
    const reached = reachedFrom([program], imports, ['value']);
    const first = used.find(({ file, name, kind }) => kind === 'value' && name in peerDependencies && reached.has(file));
    return first === undefined ? [] : [`${program} loads ${first.name} (${first.file}:${first.line}) before anybody could say that it is missing: load it by withTerraform`];
  });
  const idle = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !used.some((one) => one.name === name && one.kind !== 'type')).map((name) => `${name} is imported by nobody`);
  const peers = Object.entries(peerDependencies).flatMap(([name, version]) => [
    ...(peerDependenciesMeta[name]?.optional ? [] : [`${name} is a peer that is not optional`]),
    ...(/^\d+\.\d+\.\d+$/.test(version) ? [] : [`${name} is a peer of "${version}", no exact version`]),
    ...(devDependencies[name] === version ? [] : [`${name} is a peer of ${version} and tried here with ${devDependencies[name]}`]),
    ...(name in dependencies ? [`${name} is a peer and a dependency`] : []),
  ]);
  return [...unlisted, ...early, ...idle, ...peers];
}

/** What is run or exported: nothing else imports it. */
export function programs(imports: ReturnType<typeof importsOf>): string[] {
  const imported = new Set([...imports.values()].flat().map(({ file }) => file));
  return [...imports.keys()].filter((file) => !imported.has(file));
}
