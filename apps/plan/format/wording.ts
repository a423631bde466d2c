import { RISK_ORDER, SECTIONS, type FindingGroup, type Plan, type ReleaseGroup, type Section, type Side } from '../model';

/** What the three formats say in the same words. */

/** `geth v1.16.5 to v1.16.7 (execution) on 400 nodes: 400 restarts needed, no volume change, no permission change` */
export function releaseText(release: ReleaseGroup): string {
  const { component, client, version, dataSchema, nodes, restarts, volumeChanges, permissionChanges } = release;
  const who = client.from === client.to ? client.to : `${client.from} to ${client.to}`;
  const what = client.from !== client.to ? `${client.from} ${version.from} to ${client.to} ${version.to}` : version.from === version.to ? `${who} ${version.to} changes` : `${who} ${version.from} to ${version.to}`;
  const schema = dataSchema.from === dataSchema.to ? '' : `, data schema ${dataSchema.from} to ${dataSchema.to}`;
  return (
    `${what} (${component}) on ${counted(nodes, 'node')}: ${counted(restarts, 'restart')} needed${restarts < nodes ? ` (${nodes - restarts} not running)` : ''}, ` +
    `${volumeChanges === 0 ? 'no volume change' : `volumes change on ${volumeChanges}`}, ${permissionChanges === 0 ? 'no permission change' : `permissions change on ${permissionChanges}`}${schema}`
  );
}

export const releaseDetails = ({ changes, risk }: ReleaseGroup): string[] => [
  ...(risk === 'one-way' ? ['one-way: can not be undone on the same disk'] : []),
  ...(changes.length > 0 ? [`also: ${changes.length > 12 ? `${changes.slice(0, 12).join('; ')} and ${changes.length - 12} more` : changes.join('; ')}`] : []),
];

/** Few places by name, many by cluster. */
export function placesText(places: FindingGroup['places'], named = 4): string {
  const all = Object.entries(places);
  const count = all.reduce((sum, [, subjects]) => sum + subjects.length, 0);
  if (count <= named) return all.flatMap(([cluster, subjects]) => subjects.map((subject) => `${cluster}/${subject}`)).join(', ');
  const shown = all.slice(0, 12).map(([cluster, subjects]) => `${cluster} ${subjects.length}`);
  return [...shown, ...(all.length > 12 ? [`and ${all.length - 12} more`] : [])].join(', ');
}

export function headline({ base, head, refused, findings, raw }: Plan): string {
  if (raw.objects === 0 && findings.length === 0) return 'Nothing changes.';
  const count = findings.filter((one) => one.refused).length;
  return refused ? `REFUSED, ${counted(count, 'finding')}: not to be merged as it is.` : `${counted(raw.objects, 'object')} of ${counted(Math.max(base.nodes, head.nodes), 'node')} differ.`;
}

export const sideText = ({ name, revision, nodes, clusters }: Side): string => `${name}${revision && !name.startsWith(revision.slice(0, 7)) ? ` (${revision.slice(0, 10)})` : ''}, ${counted(nodes, 'node')} in ${counted(clusters, 'cluster')}`;

export const risksOf = ({ risks }: Plan): [string, number][] => RISK_ORDER.filter((risk) => risks[risk] > 0).map((risk) => [risk, risks[risk]]);

/** Sections with something to say, then the titles of those without. */
export function sectionsOf({ findings }: Plan): { readonly filled: readonly (readonly [Section, readonly FindingGroup[]])[]; readonly empty: readonly string[] } {
  const all = (Object.keys(SECTIONS) as Section[]).map((section) => [section, findings.filter((one) => one.section === section)] as const);
  return { filled: all.filter(([, those]) => those.length > 0), empty: all.filter(([section, those]) => those.length === 0 && section !== 'other').map(([section]) => SECTIONS[section]) };
}

export const counted = (count: number, what: string): string => `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;

export const RAW_NOTE = 'Each distinct change once: <node> stands for the name of the node, <digest> for that of a configuration.';
