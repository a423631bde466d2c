import { z } from 'zod';
import { MESSAGES } from './messages';

/** JSON Schemas (draft 7) of all messages, by file name, for implementations in other languages. `npm run schema` writes them beside this file. */
export const contractSchemas = (): Record<string, object> =>
  Object.fromEntries(
    Object.entries(MESSAGES).map(([message, schema]) => {
      const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' });
      return [`${message}.schema.json`, { $schema, title: `${message} of the contract, version 1`, ...rest }];
    }),
  );
