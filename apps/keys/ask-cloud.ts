import { execFile } from 'node:child_process';
import type { Ask } from './machines';

/** Asks by the cloud's own command line, as whoever is logged in, or as whom a command in front of it makes one. Arguments go to it as they are, through no shell. */
export const askCloud =
  (inFront: readonly string[] = []): Ask =>
    (command) =>
      new Promise((settle) => {
        const [program = '', ...args] = [...inFront, ...command];
        execFile(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28, timeout: 120_000 }, (error, output, said) => {
          if (!error) settle({ output });
          else if (error.code === 'ENOENT') settle({ failed: `"${program}" is not there` });
          else settle({ failed: said.trim() || error.message });
        });
      });
