import { printable } from '../../../naming/printable';
import { RISKS, SECTIONS, type FindingGroup, type Plan, type ReleaseGroup } from '../model';
import { grouped } from '../tree';
import { counted, headline, placesText, RAW_NOTE, releaseDetails, releaseText, risksOf, sectionsOf, sideText } from './wording';

/** What GitHub takes as one comment. Counted in bytes, so that no way of counting characters comes to more. */
export const COMMENT_LIMIT = 65_536;

export interface MarkdownResult {
  readonly text: string;
  /** False: even without the raw difference and the harmless parts the findings don't fit, so a reader of this comment doesn't see them all. */
  readonly complete: boolean;
}

/**
 * For a comment on a pull request. What doesn't fit is given up in this order, each time with a sentence that says so: the raw difference, then names of
 * places and harmless findings, then details of releases. Risky findings are never cut: where they alone are too large, the comment only says that, and is not complete.
 */
export function formatMarkdown(plan: Plan, limit = COMMENT_LIMIT): MarkdownResult {
  for (const shown of [{ names: 8, harmless: true, details: true }, { names: 3, harmless: false, details: true }, { names: 0, harmless: false, details: false }]) {
    const summary = summaryOf(plan, shown);
    if (size(summary) <= limit) return { text: withRaw(summary, plan, limit), complete: true };
  }
  return { text: tooLarge(plan), complete: false };
}

interface Shown {
  /** Places that are named rather than counted. */
  readonly names: number;
  readonly harmless: boolean;
  readonly details: boolean;
}

function summaryOf(plan: Plan, { names, harmless, details }: Shown): string {
  const { filled, empty } = sectionsOf(plan);
  const lines = [...heading(plan)];
  const networks = grouped(plan.releases, ({ network }) => network);
  if (networks.size > 0) lines.push('### By network, release and cluster');
  for (const [network, releases] of networks) lines.push('', `**${escapeMarkdown(network)}**`, '', ...releases.map((release) => releaseItem(release, names, details)));
  for (const [section, findings] of filled) {
    const shown = harmless ? findings : findings.filter(({ risk, refused }) => risk !== 'harmless' || refused);
    lines.push('', `### ${SECTIONS[section]}`, '', ...shown.map((one) => item(one, names)));
    const left = findings.length - shown.length;
    if (left > 0) lines.push(`- ${counted(left, 'harmless finding')} left out, to fit the comment.`);
  }
  if (empty.length > 0 && plan.raw.objects > 0) lines.push('', `Nothing under: ${empty.join('; ')}.`);
  return `${lines.join('\n')}\n`;
}

function heading(plan: Plan): string[] {
  const risks = risksOf(plan);
  return [
    `## Plan: ${headline(plan)}`,
    '',
    `From ${escapeMarkdown(sideText(plan.base))}<br>to ${escapeMarkdown(sideText(plan.head))}.`,
    ...plan.notes.flatMap((note) => ['', `> ${escapeMarkdown(note)}`]),
    '',
    ...(risks.length > 0 ? ['| risk | places | what it means |', '| --- | ---: | --- |', ...risks.map(([risk, count]) => `| ${risk === 'restart when fired' || risk === 'harmless' ? risk : `**${risk}**`} | ${count.toLocaleString('en-US')} | ${RISKS[risk as keyof typeof RISKS]} |`), ''] : []),
  ];
}

function releaseItem(release: ReleaseGroup, names: number, details: boolean): string {
  const more = details ? releaseDetails(release) : release.risk === 'one-way' ? releaseDetails(release).slice(0, 1) : [];
  return [`- **${escapeMarkdown(releaseText(release))}**`, ...[...more, placesText(release.places, names)].map((line) => `  <br>${escapeMarkdown(line)}`)].join('\n');
}

function item({ risk, network, what, refused, next, places }: FindingGroup, names: number): string {
  return [
    `- ${refused ? '**REFUSED** ' : ''}**${risk}**: ${network === undefined ? '' : `${escapeMarkdown(network)}: `}${escapeMarkdown(what)}`,
    `  <br>${escapeMarkdown(placesText(places, names))}`,
    ...(next === undefined ? [] : [`  <br>*next*: ${escapeMarkdown(next)}`]),
  ].join('\n');
}

/** The raw difference in what room is left, whole entries only. */
function withRaw(summary: string, { raw }: Plan, limit: number): string {
  if (raw.changes.length === 0) return summary;
  const fence = '`'.repeat(Math.max(3, ...raw.changes.flatMap(({ diff, object, first }) => [...`${diff}${object}${first}`.matchAll(/`+/g)].map(([run]) => run.length + 1))));
  const open = `\n<details><summary>Raw difference (${counted(raw.objects, 'object')})</summary>\n\n${escapeMarkdown(RAW_NOTE)}\n\n${fence}diff\n`;
  const close = `${fence}\n\n</details>\n`;
  const sentence = (left: number): string => `\n**The raw difference is cut: ${counted(left, 'distinct change')} of ${counted(raw.changes.length + raw.leftOut, 'distinct change')} not shown.** \`npm run plan -- --raw\` shows all.\n`;
  const room = limit - size(summary) - size(open) - size(close) - size(sentence(10 ** 9));
  const shown: string[] = [];
  let used = 0;
  for (const { object, times, first, diff } of raw.changes) {
    const text = `# ${printable(object)}: ${times > 1 ? `${times} times, first ` : ''}${printable(first)}\n${diff.split('\n').map(printable).join('\n')}\n`;
    used += size(text);
    if (used > room) break;
    shown.push(text);
  }
  const left = raw.changes.length + raw.leftOut - shown.length;
  if (shown.length === 0) return size(summary) + size(sentence(left)) <= limit ? `${summary}${sentence(left)}` : summary;
  return `${summary}${open}${shown.join('')}${close}${left > 0 ? sentence(left) : ''}`;
}

function tooLarge(plan: Plan): string {
  const refused = plan.findings.filter((one) => one.refused).length;
  return [
    ...heading(plan),
    `**This plan has ${counted(plan.findings.length, 'finding')} (${refused} refused) and ${counted(plan.releases.length, 'group')} of releases: more than a comment can hold.** Not all of it is shown here, so don't approve by this comment: run \`npm run plan\` and read the text, or split the change.`,
    '',
  ].join('\n');
}

/**
 * Text as it is, whatever was declared, on one line of what is seen: no link, image, mention, reference, table cell, HTML, heading or code of its own.
 * GitHub looks for mentions and references after escapes are resolved, so those are broken by an empty comment.
 */
export function escapeMarkdown(text: string): string {
  return printable(text)
    .replace(/[\\`*_{}[\]<>#!|~&$]/g, (character) => ENTITIES[character] ?? `\\${character}`)
    .replace(/^(\s*)([-+]|\d+\.)(\s)/, '$1\\$2$3')
    .replace(/@(?=[\w-])/g, '@<!-- -->')
    .replace(/\\#(?=\d)/g, '\\#<!-- -->')
    .replace(/\b(GH-)(?=\d)/g, 'GH<!-- -->-')
    .replace(/:\/\//g, ':<!-- -->//')
    .replace(/\bwww\./g, 'www<!-- -->.');
}

const size = (text: string): number => Buffer.byteLength(text);

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };
