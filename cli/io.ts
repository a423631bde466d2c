import { type Command, CommanderError } from 'commander';
import { EXIT } from '../errors/user-error';

/** What a command has of the process that it runs in. */
export interface Io {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  /** @default - there is nothing to read */
  readonly stdin?: AsyncIterable<Buffer | string>;
  /** The folder that relative paths are of. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** One command: what it is given on its line, and what it does. */
export interface Definition<Options = never, Args extends unknown[] = never[]> {
  /** Adds options and arguments; name, description and place are those of the table in `stockade.ts`. */
  readonly define: (command: Command, io: Io) => unknown;
  /** @returns the exit code */
  readonly body: (options: Options, io: Io, ...args: Args) => Promise<number> | number;
}

/** One definition, its options and arguments checked where it is written. */
export const command = <Options, Args extends unknown[] = []>(definition: Definition<Options, Args>): Definition<Options, Args> => definition;

export const say = ({ stdout }: Io, line: string): void => void stdout.write(`${line}\n`);

/** The command line contradicts itself in a way that no single option shows. */
export const MISUSED = 'stockade.misused';
export const misused = (message: string): never => {
  throw new CommanderError(EXIT.misused, MISUSED, `error: ${message}`);
};

export const fleetOption = ['--fleet <folder>', 'where the fleet is declared', 'fleet'] as const;

/** All of standard input. */
export async function readInput({ stdin }: Io): Promise<string> {
  const chunks: Buffer[] = [];
  if (stdin) for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
