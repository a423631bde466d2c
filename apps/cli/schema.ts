import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { catalogue } from '../../chains';
import { contractSchemas } from '../../contract/json-schema';
import { jsonSchemas } from '../../model/schema/json-schema';

/** `npm run schema`: the JSON Schemas by which editors complete and check the fleet's YAML, and those by which other programs read the contract's messages. */
const program = new Command('schema')
  .description('Write the JSON Schemas of the fleet, for editors, and those of the contract between programs.')
  .option('--out <folder>', "where to write the fleet's", 'fleet/schema/json')
  .option('--contract <folder>', "where to write the contract's", 'contract')
  .option('--check', 'write nothing; fail if what is there differs')
  .allowExcessArguments(false)
  .parse();

const { out, contract, check } = program.opts<{ out: string; contract: string; check?: true }>();
write(out, jsonSchemas(catalogue));
write(contract, contractSchemas());

function write(folder: string, schemas: Readonly<Record<string, object>>): void {
  const wanted = new Map(Object.entries(schemas).map(([name, schema]) => [name, `${JSON.stringify(schema, null, 2)}\n`]));
  const present = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.schema.json')) : [];
  const stale = present.filter((name) => !wanted.has(name));
  const differing = [...wanted].filter(([name, text]) => !present.includes(name) || readFileSync(join(folder, name), 'utf8') !== text).map(([name]) => name);
  if (check) {
    for (const name of [...differing, ...stale]) process.stderr.write(`${join(folder, name)} is out of date. Run \`npm run schema\` and commit it.\n`);
    if (differing.length + stale.length > 0) process.exitCode = 1;
    return;
  }
  mkdirSync(folder, { recursive: true });
  for (const name of stale) rmSync(join(folder, name));
  for (const name of differing) writeFileSync(join(folder, name), wanted.get(name)!);
  process.stdout.write(`${wanted.size} schemas in ${folder}/, ${differing.length + stale.length} changed.\n`);
}
