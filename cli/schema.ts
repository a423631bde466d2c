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
  body: ({ out, contract, check }, io) => {
    const act = check ? differing : write;
    return Math.max(act(io, out, jsonSchemas(catalogue)), act(io, contract, contractSchemas()));
  },
});

type Schemas = Readonly<Record<string, object>>;

function differing({ stderr }: Io, folder: string, schemas: Schemas): number {
  const { stale, changed } = compare(folder, schemas);
  for (const name of [...changed.keys(), ...stale]) stderr.write(`${join(folder, name)} is out of date. Run \`npm run schema\` and commit it.\n`);
  return changed.size + stale.length > 0 ? EXIT.refused : EXIT.done;
}

function write(io: Io, folder: string, schemas: Schemas): number {
  const { stale, changed } = compare(folder, schemas);
  mkdirSync(folder, { recursive: true });
  for (const name of stale) rmSync(join(folder, name));
  for (const [name, text] of changed) writeFileSync(join(folder, name), text);
  say(io, `${Object.keys(schemas).length} schemas in ${folder}/, ${changed.size + stale.length} changed.`);
  return EXIT.done;
}

function compare(folder: string, schemas: Schemas): { readonly stale: readonly string[]; readonly changed: ReadonlyMap<string, string> } {
  const wanted = Object.entries(schemas).map(([name, one]) => [name, `${JSON.stringify(one, null, 2)}\n`] as const);
  const present = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.schema.json')) : [];
  return {
    stale: present.filter((name) => !(name in schemas)),
    changed: new Map(wanted.filter(([name, text]) => !present.includes(name) || readFileSync(join(folder, name), 'utf8') !== text)),
  };
}
