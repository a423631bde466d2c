import { type Problem, problems } from '../errors';
import { type CheckContext, networkFile, SETTINGS_FILE } from './context';

/** Images come from the registries of the settings and, where those require it, by digest. */
export function images(context: CheckContext): Problem[] {
  const { settings, networks } = context.fleet;
  if (!settings) return [];
  const found: Problem[] = [];
  const isAllowed = (image: string) =>
    settings.registries.some((prefix) => image === prefix || image.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`));
  const refuse = (place: Parameters<typeof problems.registryNotAllowed>[0], image: string) =>
    found.push(problems.registryNotAllowed(place, { image, allowed: settings.registries }));

  const { image, version, digest } = settings.agent;
  if (!isAllowed(image)) refuse(context.at(SETTINGS_FILE, ['agent', 'image']), image);
  if (settings.requireDigest && digest === undefined) {
    found.push(problems.missingDigest(context.at(SETTINGS_FILE, ['agent', 'version']), { image, version }));
  }
  for (const network of Object.values(networks)) {
    for (const [component, clients] of Object.entries(network.clients)) {
      for (const [client, declared] of Object.entries(clients)) {
        const base = ['clients', component, client];
        if (!isAllowed(declared.image)) refuse(context.at(networkFile(network.name), [...base, 'image']), declared.image);
        if (!settings.requireDigest) continue;
        // In use is what a ring runs; older releases stay listed for going back, and are pinned before they are used.
        const inUse = new Set(Object.values(declared.rings));
        declared.releases.forEach((release, index) => {
          if (!inUse.has(release.version) || release.digest !== undefined) return;
          const place = context.at(networkFile(network.name), [...base, 'releases', index, 'version']);
          found.push(problems.missingDigest(place, { image: declared.image, version: release.version }));
        });
      }
    }
  }
  return found;
}
