import { describe, expect, it } from 'vitest';
import { jsonSchemas } from '../../model/schema/json-schema';
import { fakeCatalogue } from './fake-catalogue';

type Node = { properties: Record<string, Node>; items: Node; required?: string[]; [key: string]: unknown };
const schemas = jsonSchemas(fakeCatalogue) as Record<string, Node>;

describe('the JSON Schemas for editors', () => {
  it('are one for each kind of file, and for each chain where that makes a difference', () => {
    expect(Object.keys(schemas).sort()).toEqual([
      'cluster.schema.json',
      'infrastructure.schema.json',
      'network.crab.schema.json',
      'network.heron.schema.json',
      'network.otter.schema.json',
      'nodes.crab.schema.json',
      'nodes.heron.schema.json',
      'nodes.otter.schema.json',
      'observed.schema.json',
      'settings.schema.json',
    ]);
    for (const schema of Object.values(schemas)) expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
  });

  it('refuse unknown keys, and want what the loader wants', () => {
    const settings = schemas['settings.schema.json'];
    expect(settings?.['additionalProperties']).toBe(false);
    expect(settings?.required).toEqual(expect.arrayContaining(['organisation', 'requireDigest', 'registries', 'access', 'agent', 'limits']));
    expect(settings?.required).not.toContain('labels');
  });

  it('hold the options of the chain', () => {
    const network = schemas['network.otter.schema.json'];
    expect(network?.properties['chain']).toMatchObject({ const: 'otter' });
    expect(Object.keys(network?.properties['options']?.properties ?? {})).toEqual(['epoch']);
    const nodes = schemas['nodes.otter.schema.json'];
    for (const holder of [nodes?.properties['defaults'], nodes?.properties['nodes']?.items]) {
      expect(Object.keys(holder?.properties['options']?.properties ?? {})).toEqual(['fee', 'sentries', 'mirror', 'relay']);
      expect(holder?.properties['options']?.['additionalProperties']).toBe(false);
    }
  });

  it('let a node complete what the defaults begin, but want what is its own', () => {
    const nodes = schemas['nodes.otter.schema.json'];
    const node = nodes?.properties['nodes']?.items;
    expect(node?.required?.sort()).toEqual(['keys', 'name', 'ports']);
    expect(node?.properties['ports']?.required).toEqual(['base']);
    expect(JSON.stringify(node?.properties['reach'])).not.toContain('"required"');
    expect(JSON.stringify(nodes?.properties['defaults'])).not.toContain('"required":[');
    expect(Object.keys(nodes?.properties['defaults']?.properties ?? {})).not.toEqual(expect.arrayContaining(['keys']));
  });
});
