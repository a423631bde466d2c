import { z } from 'zod';
import type { ChainCatalogue } from '../catalogue';
import { clusterSchema } from './cluster';
import { infrastructureSchema } from './infrastructure';
import { networkSchema } from './network';
import { nodesFileSchema } from './node';
import { observedSchema } from './observed';
import { settingsSchema } from './settings';

type JsonSchema = Record<string, unknown>;

/**
 * JSON Schemas (draft 7, which editors' YAML support reads) of all files of a fleet, by file name. They come from the
 * schemas that the fleet is judged by, with each chain's own options in place.
 *
 * @example `# yaml-language-server: $schema=../.schema/network.ethereum.schema.json` in the first line of a network.
 */
export function jsonSchemas(catalogue: ChainCatalogue): Record<string, JsonSchema> {
  const result: Record<string, JsonSchema> = {
    'settings.schema.json': convert(settingsSchema, 'fleet/settings.yaml'),
    'infrastructure.schema.json': convert(infrastructureSchema, 'fleet/infrastructure.yaml'),
    'cluster.schema.json': convert(clusterSchema, 'fleet/clusters/<cluster>.yaml'),
    'observed.schema.json': convert(observedSchema, 'fleet/observed/<cluster>.yaml'),
  };
  for (const chain of Object.values(catalogue.chains)) {
    const network = convert(networkSchema, `fleet/networks/<network>.yaml of chain ${chain.name}`);
    properties(network)['chain'] = { ...asSchema(properties(network)['chain']), const: chain.name };
    properties(network)['options'] = bare(chain.networkOptions);
    result[`network.${chain.name}.schema.json`] = network;

    const nodes = convert(nodesFileSchema, `fleet/nodes/<cluster>/<network>.yaml of chain ${chain.name}`);
    const options = withoutRequired(bare(chain.nodeOptions));
    const { defaults, nodes: list } = properties(nodes);
    const node = asSchema(asSchema(list)['items']);
    for (const holder of [asSchema(defaults), node]) properties(holder)['options'] = options;
    // A node completes the maps of the defaults and the other way round, so neither has to be whole.
    properties(nodes)['defaults'] = withoutRequired(asSchema(defaults));
    const { name, keys, ports, ...shared } = properties(node);
    node['properties'] = { name, keys, ports, ...asSchema(withoutRequired(shared)) };
    result[`nodes.${chain.name}.schema.json`] = nodes;
  }
  return result;
}

function convert(schema: z.ZodType, title: string): JsonSchema {
  return { $schema: 'http://json-schema.org/draft-07/schema#', title, ...bare(schema) };
}

function bare(schema: z.ZodType): JsonSchema {
  const converted = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as JsonSchema;
  delete converted['$schema'];
  return converted;
}

const properties = (schema: JsonSchema): Record<string, unknown> => asSchema(schema['properties']);
const asSchema = (value: unknown): JsonSchema => value as JsonSchema;

/** A schema that takes any part of what the given one takes. A property may be named `required`; its schema is a map. */
function withoutRequired(value: JsonSchema): JsonSchema;
function withoutRequired(value: unknown): unknown;
function withoutRequired(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRequired);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => !(key === 'required' && Array.isArray(inner)))
      // Of several branches that need nothing, one value can fit many: `oneOf` would refuse it.
      .map(([key, inner]) => [key === 'oneOf' ? 'anyOf' : key, withoutRequired(inner)]),
  );
}
