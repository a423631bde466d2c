import { gzipSync } from 'node:zlib';
import { refusal, type UserError } from '../../errors/user-error';

/** Most bytes that a Secret, and so a Helm release, may hold. */
export const RELEASE_LIMIT_BYTES = 1024 * 1024;

/** A chart whose release would not fit into the Secret that Helm keeps it in. */
export const chartTooLarge = (chart: string, bytes: number): UserError =>
  refusal(`Helm chart ${chart} makes a release of ${bytes} bytes, more than the ${RELEASE_LIMIT_BYTES} that its Secret holds`, 'Render it with --format plain, or move nodes of this network to another cluster.');

/** Braces that Helm's template engine would read as its own. */
export const escapeTemplate = (text: string): string => text.replace(/\{\{/g, '{{ "{{" }}');

/** `Chart.yaml` of a rendered, static chart. The version is Stockade's: the content is told apart by its digest in Git. */
export function chartYaml(name: string, cluster: string, version: string): string {
  return [
    'apiVersion: v2',
    `name: ${name}`,
    `description: Rendered by Stockade for cluster ${cluster}. No values; every change starts in the fleet.`,
    'type: application',
    `version: ${version}`,
    '',
  ].join('\n');
}

/**
 * About what Helm stores for a release: chart files (base64 in JSON) and the rendered manifest, gzipped, then base64. The Secret's
 * own encoding comes on top of that only on the wire.
 */
export function releaseBytes(files: readonly { readonly name: string; readonly text: string }[]): number {
  const release = {
    chart: { templates: files.map(({ name, text }) => ({ name, data: Buffer.from(text).toString('base64') })) },
    manifest: files.map(({ name, text }) => `---\n# Source: ${name}\n${text}`).join(''),
  };
  return Math.ceil(gzipSync(JSON.stringify(release), { level: 9 }).length / 3) * 4;
}
