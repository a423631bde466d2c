import { type Problem, problems } from '../errors';
import { type CheckContext, clusterFile } from './context';

/** Address ranges start where their mask says, and no two of the fleet overlap: clusters may have to reach each other. */
export function ranges(context: CheckContext): Problem[] {
  const found: Problem[] = [];
  const all: Range[] = [];
  for (const cluster of Object.values(context.fleet.clusters)) {
    for (const [name, text] of Object.entries(cluster.ranges)) {
      if (text === undefined) continue;
      const range = parse(text);
      const place = () => context.at(clusterFile(cluster.name), ['ranges', name]);
      if (range.given !== range.first) {
        found.push(problems.wrongRange(place(), { range: text, problem: 'does not start at a boundary of its mask', allowed: `${dotted(range.first)}/${range.bits}` }));
      }
      if (name === 'controlPlane' && range.bits !== 28) {
        found.push(problems.wrongRange(place(), { range: text, problem: 'is no /28, which a private GKE control plane needs', allowed: 'a /28' }));
      }
      all.push({ ...range, text, cluster: cluster.name, name });
    }
  }
  all.sort((a, b) => a.first - b.first || b.last - a.last);
  let reaches: Range | undefined;
  for (const range of all) {
    if (reaches && range.first <= reaches.last) {
      const label = ({ name, cluster }: Range) => `${name} of cluster "${cluster}"`;
      const place = (of: Range) => context.at(clusterFile(of.cluster), ['ranges', of.name], label(of));
      found.push(problems.rangeOverlap([place(range), place(reaches)], { a: label(reaches), aRange: reaches.text, b: label(range), bRange: range.text }));
    }
    if (!reaches || range.last > reaches.last) reaches = range;
  }
  return found;
}

interface Bounds {
  readonly given: number;
  readonly first: number;
  readonly last: number;
  readonly bits: number;
}

interface Range extends Bounds {
  readonly text: string;
  readonly cluster: string;
  readonly name: string;
}

/** The schema has made sure that this is an IPv4 range. Arithmetic instead of shifts: those are signed 32-bit. */
function parse(text: string): Bounds {
  const [address = '', mask = ''] = text.split('/');
  const given = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const bits = Number(mask);
  const size = 2 ** (32 - bits);
  const first = given - (given % size);
  return { given, first, last: first + size - 1, bits };
}

const dotted = (address: number): string => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
