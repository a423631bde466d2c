import { printable } from '../../../naming/printable';
import { SECTIONS, type FindingGroup, type Plan } from '../model';
import { grouped } from '../tree';
import { counted, headline, placesText, RAW_NOTE, releaseDetails, releaseText, risksOf, sectionsOf, sideText } from './wording';

/** Lines of the raw difference that a terminal is given; `--raw` gives all. */
const RAW_LINES = 16;

/** For a terminal: what matters first, the raw difference last and cut unless `raw` asks for all of it. */
export function formatText(plan: Plan, { raw = false }: { readonly raw?: boolean } = {}): string {
  const { filled, empty } = sectionsOf(plan);
  const lines = [`Plan from ${sideText(plan.base)}`, `       to ${sideText(plan.head)}`, headline(plan), ...plan.notes.map((note) => `Note: ${note}`)];
  const risks = risksOf(plan);
  if (risks.length > 0) lines.push('', 'Risk, by how many places have it', ...risks.map(([risk, count]) => `  ${risk.padEnd(20)} ${count.toLocaleString('en-US')}`));
  for (const [network, releases] of grouped(plan.releases, (release) => release.network)) {
    lines.push('', network);
    for (const release of releases) {
      lines.push(`  ${releaseText(release)}`, ...releaseDetails(release).map((detail) => `    ${detail}`), `    ${placesText(release.places)}`);
    }
  }
  for (const [section, findings] of filled) lines.push('', SECTIONS[section], ...findings.flatMap(findingLines));
  if (empty.length > 0 && plan.raw.objects > 0) lines.push('', `Nothing under: ${empty.join('; ')}.`);
  if (plan.raw.changes.length > 0) lines.push('', ...rawLines(plan, raw ? Infinity : RAW_LINES));
  return `${lines.map(printable).join('\n')}\n`;
}

function findingLines({ risk, network, what, refused, next, places }: FindingGroup): string[] {
  return [`  ${refused ? 'REFUSED ' : ''}[${risk}] ${network === undefined ? '' : `${network}: `}${what}`, `    ${placesText(places)}`, ...(next === undefined ? [] : [`    next: ${next}`])];
}

function rawLines({ raw }: Plan, limit: number): string[] {
  const all = raw.changes.flatMap(({ object, times, first, diff }) => [`  ${object}${times > 1 ? ` (${times.toLocaleString('en-US')} times, first ${first})` : ` (${first})`}`, ...diff.split('\n').map((line) => `    ${line}`)]);
  const cut = all.length > limit ? [`  ... ${counted(all.length - limit, 'more line')}: --raw shows them.`] : [];
  const left = raw.leftOut > 0 && cut.length === 0 ? [`  ... ${counted(raw.leftOut, 'more distinct change')}, left out to keep the plan small.`] : [];
  return [`Raw difference. ${RAW_NOTE}`, ...all.slice(0, limit), ...cut, ...left];
}
