import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');

/** The folders at the top level that hold code: what a copy of the product is made of. The table knows `services/` before it is there. */
export const ROOMS: readonly string[] = [...new Set(Object.keys(JSON.parse(readFileSync(join(ROOT, 'rooms.json'), 'utf8')) as object).map((room) => room.split('/')[0]!))].filter((folder) => existsSync(join(ROOT, folder)));
