/** The synthesized JSON of a stack, as far as tests read it. */
export interface Stack {
  readonly id: string;
  readonly json: {
    readonly terraform: { readonly backend: Readonly<Record<string, unknown>>; readonly required_providers: Readonly<Record<string, { readonly version: string }>> };
    readonly resource?: Blocks;
    readonly data?: Blocks;
    readonly provider?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  };
}

/** Type, then name, then what is set. */
export type Blocks = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

/** Addresses that a stack makes or looks up: `aws_vpc.main`, `data.aws_vpc.main`. */
export function made({ json }: Stack): ReadonlySet<string> {
  const addresses = (blocks: Blocks | undefined, prefix: string): string[] => Object.entries(blocks ?? {}).flatMap(([type, byName]) => Object.keys(byName).map((name) => `${prefix}${type}.${name}`));
  return new Set([...addresses(json.resource, ''), ...addresses(json.data, 'data.')]);
}

/** Addresses that the expressions of a stack refer to. */
export function innerReferences({ json }: Stack): string[] {
  const expressions = JSON.stringify(json).match(/\$\{[^}]*\}/g) ?? [];
  const inExpressions = expressions.flatMap((expression) => [...expression.matchAll(/(?<![\w.])((?:data\.)?(?:aws|google|helm)_[a-z0-9_]+\.[A-Za-z0-9_-]+)/g)].map(([, address]) => address!));
  const dependencies = Object.values(json.resource ?? {}).flatMap((byName) => Object.values(byName).flatMap((block) => (block['depends_on'] as string[] | undefined) ?? []));
  return [...new Set([...inExpressions, ...dependencies])];
}

interface CrossReferences {
  /** What is looked for and made by no stack, with who looks. */
  readonly missing: readonly string[];
  /** How many were looked for, by kind. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * What `readers` (by default the stacks themselves) name in the way that only names connect: ids and ARNs that are written out, and data
 * sources. Each has to be made by a stack.
 */
export function crossReferences(stacks: readonly Stack[], readers: readonly { readonly id: string; readonly json: unknown }[] = stacks): CrossReferences {
  const names = (type: string, key: string): Set<string> => new Set(stacks.flatMap(({ json }) => Object.values(json.resource?.[type] ?? {}).map((block) => String(at(block, key)))));
  const missing: string[] = [];
  const counts: Record<string, number> = {};
  for (const { kind, pattern, type, key } of WRITTEN) {
    const known = names(type, key);
    for (const { id, json } of readers) {
      for (const [, name] of (typeof json === 'string' ? json : JSON.stringify(json)).matchAll(pattern)) {
        counts[kind] = (counts[kind] ?? 0) + 1;
        if (!known.has(name!)) missing.push(`${kind} ${name} of ${id}`);
      }
    }
  }
  for (const { id, json } of readers === stacks ? stacks : []) {
    for (const [type, byName] of Object.entries(json.data ?? {})) {
      const key = LOOKED_UP[type];
      if (key === undefined) continue;
      for (const block of Object.values(byName)) {
        const name = at(block, key) ?? nameFilter(block);
        if (typeof name !== 'string' || name.includes('${')) continue;
        counts[type] = (counts[type] ?? 0) + 1;
        if (!names(type, key).has(name)) missing.push(`${type} ${name} of ${id}`);
      }
    }
  }
  return { missing: [...new Set(missing)].sort(), counts };
}

/** Names as they are written out in strings. */
const WRITTEN = [
  { kind: 'gcp key', pattern: /projects\/[a-z0-9-]+\/locations\/[A-Za-z0-9-]+\/keyRings\/[a-z0-9-]+\/cryptoKeys\/([a-z0-9-]+)/g, type: 'google_kms_crypto_key', key: 'name' },
  { kind: 'gcp key ring', pattern: /projects\/[a-z0-9-]+\/locations\/[A-Za-z0-9-]+\/keyRings\/([a-z0-9-]+)/g, type: 'google_kms_key_ring', key: 'name' },
  { kind: 'gcp service account', pattern: /([a-z0-9-]+)@example-staking-prod\.iam\.gserviceaccount\.com/g, type: 'google_service_account', key: 'account_id' },
  { kind: 'gcp address', pattern: /load-balancer-ip-addresses: "?'?([a-z0-9-]+)/g, type: 'google_compute_address', key: 'name' },
  { kind: 'gcp subnet', pattern: /projects\/[a-z0-9-]+\/regions\/[a-z0-9-]+\/subnetworks\/([a-z0-9-]+)/g, type: 'google_compute_subnetwork', key: 'name' },
  { kind: 'gcp network', pattern: /projects\/[a-z0-9-]+\/global\/networks\/([a-z0-9-]+)/g, type: 'google_compute_network', key: 'name' },
  { kind: 'aws key alias', pattern: /(?<![A-Za-z/])(?:arn:aws:kms:[a-z0-9-]+:[0-9]{12}:)?(alias\/stockade-[a-z0-9-]+)/g, type: 'aws_kms_alias', key: 'name' },
  { kind: 'aws role', pattern: /arn:aws:iam::[0-9]{12}:role\/(stockade-[a-z0-9-]+)/g, type: 'aws_iam_role', key: 'name' },
  { kind: 'aws subnet', pattern: /aws-load-balancer-subnets: "?'?([a-z0-9-]+)/g, type: 'aws_subnet', key: 'tags.Name' },
] as const;

/** Data sources that look for what another stack makes, and by what. */
const LOOKED_UP: Readonly<Record<string, string>> = {
  google_compute_network: 'name',
  google_compute_subnetwork: 'name',
  google_container_cluster: 'name',
  google_kms_key_ring: 'name',
  google_service_account: 'account_id',
  aws_vpc: 'tags.Name',
  aws_subnet: 'tags.Name',
  aws_subnets: 'tags.Name',
  aws_security_group: 'tags.Name',
  aws_kms_alias: 'name',
  aws_iam_role: 'name',
  aws_eks_cluster: 'name',
  aws_route_table: 'tags.Name',
};

function at(block: Readonly<Record<string, unknown>>, path: string): unknown {
  return path.split('.').reduce<unknown>((value, part) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined), block);
}

/** The name of `filter { name = "tag:Name" }`. */
function nameFilter({ filter }: Readonly<Record<string, unknown>>): unknown {
  const filters = Array.isArray(filter) ? (filter as readonly { readonly name: string; readonly values: readonly string[] }[]) : [];
  return filters.find(({ name }) => name === 'tag:Name')?.values[0];
}
