import type { HardeningException } from '../../chains/component';
import type { Problem } from '../../model/errors';
import type { Fleet } from '../../model/types';
import type { RenderReport } from './render-fleet';

/** What a run did, for people and for `--json`. */
export interface Summary {
  readonly ok: true;
  readonly out: string;
  readonly format: string;
  readonly clusters: readonly { readonly name: string; readonly cloud: string; readonly region: string; readonly nodes: number; readonly objects: number }[];
  readonly nodes: { readonly running: number; readonly stopped: number; readonly retired: number };
  readonly objects: number;
  readonly bytes: number;
  /** Only what a filter named was rendered. */
  readonly partial: boolean;
  /** Weakenings of the hardening that chains declare, each once, with how many nodes of which network have it. */
  readonly exceptions: readonly (Pick<HardeningException, 'what' | 'value' | 'reason'> & { readonly nodes: Readonly<Record<string, number>> })[];
  /** Parts of client definitions that nobody has run against the real client, each once. */
  readonly unverified: readonly string[];
  readonly warnings: readonly Problem[];
  readonly milliseconds: number;
}

export function summarize(
  fleet: Fleet,
  report: RenderReport,
  warnings: readonly Problem[],
  { out, format }: { readonly out: string; readonly format: string },
  milliseconds: number,
): Summary {
  const count = (state: string): number => report.nodes.filter((node) => node.state === state).length;
  return {
    ok: true,
    out,
    format,
    clusters: report.clusters.map((name) => {
      const nodes = report.nodes.filter(({ cluster }) => cluster === name);
      const { cloud, region } = fleet.clusters[name]!;
      return { name, cloud, region, nodes: nodes.length, objects: sum(nodes.map(({ objects }) => objects)) };
    }),
    nodes: { running: count('running'), stopped: count('stopped'), retired: count('retired') },
    objects: report.platformObjects + sum(report.nodes.map(({ objects }) => objects)),
    bytes: sum(report.nodes.map(({ bytes }) => bytes)),
    partial: report.partial,
    exceptions: countExceptions(report),
    unverified: [...new Set(report.nodes.flatMap(({ unverified }) => unverified))].sort(),
    warnings,
    milliseconds: Math.round(milliseconds),
  };
}

export function formatSummary(summary: Summary): string {
  const { running, stopped, retired } = summary.nodes;
  const width = Math.max(7, ...summary.clusters.map(({ name }) => name.length));
  const lines = [
    `Rendered ${counted(running + stopped + retired, 'node')} (${running} running, ${stopped} stopped, ${retired} retired) of ${counted(summary.clusters.length, 'cluster')} into ${summary.out}/: ` +
    `${summary.objects} objects, ${(summary.bytes / 1024 / 1024).toFixed(1)} MiB, ${(summary.milliseconds / 1000).toFixed(1)} s.`,
    '',
    `  ${'cluster'.padEnd(width)}  cloud  ${'region'.padEnd(16)}  nodes  objects`,
    ...summary.clusters.map(
      ({ name, cloud, region, nodes, objects }) =>
        `  ${name.padEnd(width)}  ${cloud.padEnd(5)}  ${region.padEnd(16)}  ${String(nodes).padStart(5)}  ${String(objects).padStart(7)}`,
    ),
  ];
  if (summary.exceptions.length > 0) {
    lines.push('', 'Declared exceptions from the hardening:');
    for (const { nodes, what, value, reason } of summary.exceptions) {
      const where = Object.entries(nodes).map(([network, count]) => `${count} of ${network}`);
      lines.push(`  ${what}${value ? ` (${value})` : ''}, ${where.join(', ')}:`, `    ${reason}`);
    }
  }
  if (summary.unverified.length > 0) {
    lines.push('', `${summary.unverified.length} points of client definitions are not verified against the real client; --json lists them.`);
  }
  if (summary.partial) lines.push('', 'A selection: quotas in platform/ and the policies of peers were left as they are. Render all before you apply.');
  lines.push('', summary.warnings.length === 0 ? 'No warnings about the fleet.' : `${counted(summary.warnings.length, 'warning')}:`);
  for (const warning of summary.warnings) lines.push(`  ${formatWarning(warning)}`);
  return `${lines.join('\n')}\n`;
}

function countExceptions({ nodes }: RenderReport): Summary['exceptions'] {
  const counted = new Map<string, { what: HardeningException['what']; value?: string; reason: string; nodes: Record<string, number> }>();
  for (const { network, exceptions } of nodes) {
    const distinct = new Map(exceptions.map(({ what, value, reason }) => [JSON.stringify([what, value, reason]), { what, value, reason }]));
    for (const [key, exception] of distinct) {
      const entry = counted.get(key) ?? { ...exception, nodes: {} };
      entry.nodes[network] = (entry.nodes[network] ?? 0) + 1;
      counted.set(key, entry);
    }
  }
  return [...counted.values()];
}

function formatWarning({ places, message, next }: Problem): string {
  const [place] = places;
  return `${place ? `${place.file}:${place.line}:${place.column}: ` : ''}${message}. ${next}`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
