import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { catalogue } from '../chains';
import { jsonSchemas } from '../model/schema/json-schema';

/** `npm run schema`: the JSON Schemas by which editors complete and check the fleet's YAML. */
const program = new Command('schema')
  .description('Write the JSON Schemas of the fleet, for editors.')
  .option('--out <folder>', 'where to write', 'fleet/schema/json')
  .option('--check', 'write nothing; fail if what is there differs')
  .allowExcessArguments(false)
  .parse();

const { out, check } = program.opts<{ out: string; check?: true }>();
const wanted = new Map(Object.entries(jsonSchemas(catalogue)).map(([name, schema]) => [name, `${JSON.stringify(schema, null, 2)}\n`]));
const present = existsSync(out) ? readdirSync(out).filter((name) => name.endsWith('.schema.json')) : [];
const stale = present.filter((name) => !wanted.has(name));
const differing = [...wanted].filter(([name, text]) => !present.includes(name) || readFileSync(join(out, name), 'utf8') !== text).map(([name]) => name);

if (check) {
  for (const name of [...differing, ...stale]) process.stderr.write(`${join(out, name)} is out of date. Run \`npm run schema\` and commit it.\n`);
  process.exitCode = differing.length + stale.length > 0 ? 1 : 0;
} else {
  mkdirSync(out, { recursive: true });
  for (const name of stale) rmSync(join(out, name));
  for (const name of differing) writeFileSync(join(out, name), wanted.get(name)!);
  process.stdout.write(`${wanted.size} schemas in ${out}/, ${differing.length + stale.length} changed.\n`);
}
