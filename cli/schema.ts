import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../chains';
import { contractSchemas } from '../contract/json-schema';
import { EXIT } from '../errors/user-error';
import { jsonSchemas } from '../model/schema/json-schema';
import { command, type Io, say } from './io';

interface Options {
  readonly out: string;
  readonly contract: string;
  readonly check?: true;
}

/** `npm run schema`: the JSON Schemas by which editors complete and check the fleet's YAML, and those by which other programs read the contract's messages. */
export const schema = command<Options>({
  define: (one) =>
    one
      .option('--out <folder>', "where to write the fleet's", 'fleet/schema/json')
      .option('--contract <folder>', "where to write the contract's", 'contract')
      .option('--check', 'write nothing; fail if what is there differs'),
  body: ({ out, contract, check = false }, io) => {
    const current = [write(out, jsonSchemas(catalogue), check, io), write(contract, contractSchemas(), check, io)];
    return check && current.includes(false) ? EXIT.refused : EXIT.done;
  },
});

/** @returns whether the folder held these, and no others */
function write(folder: string, schemas: Readonly<Record<string, object>>, check: boolean, io: Io): boolean {
  const wanted = new Map(Object.entries(schemas).map(([name, one]) => [name, `${JSON.stringify(one, null, 2)}\n`]));
  const present = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.schema.json')) : [];
  const stale = present.filter((name) => !wanted.has(name));
  const differing = [...wanted].filter(([name, text]) => !present.includes(name) || readFileSync(join(folder, name), 'utf8') !== text).map(([name]) => name);
  if (check) {
    for (const name of [...differing, ...stale]) io.stderr.write(`${join(folder, name)} is out of date. Run \`npm run schema\` and commit it.\n`);
  } else {
    mkdirSync(folder, { recursive: true });
    for (const name of stale) rmSync(join(folder, name));
    for (const name of differing) writeFileSync(join(folder, name), wanted.get(name)!);
    say(io, `${wanted.size} schemas in ${folder}/, ${differing.length + stale.length} changed.`);
  }
  return differing.length + stale.length === 0;
}
