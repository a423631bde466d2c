import type { z } from 'zod';
import { agentConfig } from './agent-config';
import type { Deep } from './words';
import { publicRequest, refusal, secretAnswer, secretRequest } from './wire';
import { checkJson, JsonFault } from './strict-json';

/** Every message by the name of its schema (`<name>.schema.json`) and of its fixtures (`fixtures/<name>.json`). */
export const MESSAGES = {
  'agent-config': agentConfig,
  'secret-request': secretRequest,
  'secret-answer': secretAnswer,
  'public-request': publicRequest,
  refusal,
} as const;
export type MessageName = keyof typeof MESSAGES;
export type Message<Name extends MessageName> = Deep<z.infer<(typeof MESSAGES)[Name]>>;

/**
 * Reads a message as every implementation reads it: JSON in which no two readers see different things, and nothing but what the schema knows.
 *
 * @throws UnreadableMessage with the first thing that is wrong, never with a value: a message may hold a secret
 */
export function readMessage<Name extends MessageName>(message: Name, text: string): Message<Name> {
  try {
    checkJson(text);
  } catch (error) {
    if (error instanceof JsonFault) throw new UnreadableMessage(message, error.path, error.message);
    throw error;
  }
  const value: unknown = JSON.parse(text);
  const [problem] = problemsOf(message, value);
  if (problem !== undefined) throw new UnreadableMessage(message, problem.path, problem.problem);
  return value as Message<Name>;
}

/** What is wrong with a value that is to become a message; without the values themselves. Names that are not known come first: the one that is missing may be one of them, misspelt. */
export function problemsOf(message: MessageName, value: unknown): { readonly path: string; readonly problem: string }[] {
  const { error } = MESSAGES[message].safeParse(value);
  const issues = error?.issues ?? [];
  return [
    ...issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ path: dotted([...issue.path, key]), problem: 'is not known' })) : [])),
    ...issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? [] : [{ path: dotted(issue.path), problem: `is refused: ${issue.message}` }])),
  ];
}

export class UnreadableMessage extends Error {
  constructor(
    readonly messageName: MessageName,
    /** Where: `secrets[0].source`; empty for the message as a whole. */
    readonly path: string,
    readonly problem: string,
  ) {
    super(`${path === '' ? `The ${messageName}` : `"${path}" of the ${messageName}`} ${problem}. contract/${messageName}.schema.json says what is allowed.`);
    this.name = 'UnreadableMessage';
  }
}

const dotted = (path: readonly PropertyKey[]): string => path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`), '');
