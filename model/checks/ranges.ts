import { type Problem, problems } from '../errors';
import type { Path } from '../yaml';
import { type CheckContext, clusterFile, INFRASTRUCTURE_FILE } from './context';

/** Address ranges start where their mask says, and no two of the fleet overlap: clusters, the management networks and the database reach each other. */
export function ranges(context: CheckContext): Problem[] {
  const found: Problem[] = [];
  const all: Range[] = [];
  for (const declared of declaredRanges(context)) {
    const range = parse(declared.text);
    const place = () => context.at(declared.file, declared.path);
    if (range.given !== range.first) {
      found.push(problems.wrongRange(place(), { range: declared.text, problem: 'does not start at a boundary of its mask', allowed: `${dotted(range.first)}/${range.bits}` }));
    }
    if (declared.path.at(-1) === 'controlPlane' && range.bits !== 28) {
      found.push(problems.wrongRange(place(), { range: declared.text, problem: 'is not a /28, which a private GKE control plane needs', allowed: 'a /28' }));
    }
    all.push({ ...range, ...declared });
  }
  all.sort((a, b) => a.first - b.first || b.last - a.last);
  let reaches: Range | undefined;
  for (const range of all) {
    if (reaches && range.first <= reaches.last) {
      const place = ({ file, path, label }: Range) => context.at(file, path, label);
      found.push(problems.rangeOverlap([place(range), place(reaches)], { a: reaches.label, aRange: reaches.text, b: range.label, bRange: range.text }));
    }
    if (!reaches || range.last > reaches.last) reaches = range;
  }
  return found;
}

interface DeclaredRange {
  readonly text: string;
  readonly label: string;
  readonly file: string;
  readonly path: Path;
}

function declaredRanges({ fleet }: CheckContext): DeclaredRange[] {
  const ofClusters = Object.values(fleet.clusters).flatMap((cluster) =>
    Object.entries(cluster.ranges).flatMap(([name, text]): DeclaredRange[] =>
      text === undefined ? [] : [{ text, label: `${name} of cluster "${cluster.name}"`, file: clusterFile(cluster.name), path: ['ranges', name] }],
    ),
  );
  const { infrastructure } = fleet;
  if (infrastructure === undefined) return ofClusters;
  const shared = (text: string, label: string, path: Path): DeclaredRange => ({ text, label, file: INFRASTRUCTURE_FILE, path });
  return [
    ...ofClusters,
    ...(['gcp', 'aws'] as const).map((cloud) => shared(infrastructure[cloud].management.range, `the management network of ${cloud}`, [cloud, 'management', 'range'])),
    shared(infrastructure.home.range, "the secret manager's database", ['home', 'range']),
  ];
}

interface AddressBounds {
  readonly given: number;
  readonly first: number;
  readonly last: number;
  readonly bits: number;
}

interface Range extends AddressBounds, DeclaredRange {}

/** The schema has made sure that this is an IPv4 range. Arithmetic instead of shifts: those are signed 32-bit. */
function parse(text: string): AddressBounds {
  const [address = '', mask = ''] = text.split('/');
  const given = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const bits = Number(mask);
  const size = 2 ** (32 - bits);
  const first = given - (given % size);
  return { given, first, last: first + size - 1, bits };
}

const dotted = (address: number): string => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
