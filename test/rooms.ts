import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folders at the top level that hold code: what a copy of the product is made of. */
export const ROOMS: readonly string[] = [...new Set(Object.keys(JSON.parse(readFileSync(join(__dirname, '..', 'rooms.json'), 'utf8')) as object).map((room) => room.split('/')[0]!))];
