import { resolve } from 'node:path';

/** The scripts of Atlantis' server, which these commands run in turn. */
export const BIN = resolve(__dirname, '../../infra/atlantis/server/bin');
