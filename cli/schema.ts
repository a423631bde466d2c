import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../chains';
import { EXIT } from '../errors/user-error';
import { jsonSchemas } from '../model/schema/json-schema';
import { command, say } from './io';

/** `npm run schema`: the JSON Schemas by which editors complete and check the fleet's YAML. */
export const schema = command<{ readonly out: string; readonly check?: true }>({
  define: (one) => one.option('--out <folder>', 'where to write', 'fleet/schema/json').option('--check', 'write nothing; fail if what is there differs'),
  body: ({ out, check }, io) => {
    const wanted = new Map(Object.entries(jsonSchemas(catalogue)).map(([name, one]) => [name, `${JSON.stringify(one, null, 2)}\n`]));
    const present = existsSync(out) ? readdirSync(out).filter((name) => name.endsWith('.schema.json')) : [];
    const stale = present.filter((name) => !wanted.has(name));
    const differing = [...wanted].filter(([name, text]) => !present.includes(name) || readFileSync(join(out, name), 'utf8') !== text).map(([name]) => name);
    if (check) {
      for (const name of [...differing, ...stale]) io.stderr.write(`${join(out, name)} is out of date. Run \`npm run schema\` and commit it.\n`);
      return differing.length + stale.length > 0 ? EXIT.refused : EXIT.done;
    }
    mkdirSync(out, { recursive: true });
    for (const name of stale) rmSync(join(out, name));
    for (const name of differing) writeFileSync(join(out, name), wanted.get(name)!);
    say(io, `${wanted.size} schemas in ${out}/, ${differing.length + stale.length} changed.`);
    return EXIT.done;
  },
});
