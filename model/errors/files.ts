import { kind } from './kind';
import type { Problem } from './problem';
import { nearest, q } from './words';

/** What is wrong with a file before it says anything: its name, its YAML, its shape, what it points to. */
export const fileProblems = {
  // Files
  unknownFile: kind('unknown-file', (input: { path: string; allowed: readonly string[]; suggestion?: string }) => ({
    message: `${q(input.path)} is not a file of a fleet, so nothing would read it`,
    value: input.path,
    allowed: input.allowed,
    suggestion: input.suggestion,
    next: 'Rename it to one of the allowed forms, or move it out of the fleet folder.',
  })),
  unreadableFile: kind('unreadable-file', (input: { path: string; reason: string; next: string }) => ({
    message: `${q(input.path)} can not be read: ${input.reason}`,
    value: input.path,
    allowed: 'regular UTF-8 text files of at most 16 MiB',
    next: input.next,
  })),
  unfinishedWrite: kind('unfinished-write', (input: { temporary: string; file: string }) => ({
    message: `${input.temporary} exists: another run is writing ${input.file}, or one was killed while it did`,
    value: input.temporary,
    next: 'When no other run is active, remove that file and run the command again.',
  })),
  missingFile: kind('missing-file', (input: { path: string; what: string }) => ({
    message: `${q(input.path)} is missing: ${input.what}`,
    value: input.path,
    next: `Create ${input.path}.`,
  })),
  badFileName: kind('bad-file-name', (input: { name: string; what: string }) => ({
    message: `${q(input.name)} can not name a ${input.what}`,
    value: input.name,
    allowed: 'lower case letters, digits and "-", starting with a letter, ending with a letter or digit, at most 63',
    next: 'Rename the file or folder: its name is used in the clusters.',
  })),

  // YAML
  yamlSyntax: kind('yaml-syntax', (input: { message: string }) => ({
    message: `this is not valid YAML: ${input.message}`,
    next: 'Correct the YAML at this position; nothing else in this file was judged.',
  })),
  yamlDuplicateKey: kind('yaml-duplicate-key', (input: { key: string }) => ({
    message: `the key ${q(input.key)} is given twice in one map`,
    value: input.key,
    allowed: 'each key once',
    next: 'Remove one of the two.',
  })),
  yamlFeature: kind('yaml-feature', (input: { feature: string; next: string }) => ({
    message: `${input.feature} is not used in a fleet: what is declared must be readable where it stands`,
    allowed: 'plain maps, lists, text, numbers, true and false, in one YAML 1.2 document',
    next: input.next,
  })),

  // Shape
  unknownKey: kind('unknown-key', (input: { key: string; allowed: readonly string[]; of: string }) => ({
    message: `${q(input.key)} is not a key of ${input.of}`,
    value: input.key,
    allowed: input.allowed.length > 0 ? input.allowed : 'no keys at all',
    suggestion: nearest(input.key, input.allowed),
    next: 'Correct its spelling, or remove it.',
  })),
  missingKey: kind('missing-key', (input: { key: string; of: string; allowed: readonly string[] | string }) => ({
    message: `${input.of} lacks ${q(input.key)}`,
    allowed: input.allowed,
    next: `Add "${input.key}:".`,
  })),
  wrongType: kind('wrong-type', (input: { path: string; value: Problem['value']; got: string; allowed: string; quote: boolean }) => ({
    message: `${q(input.path)} must be ${input.allowed}, but is ${input.got}`,
    value: input.value,
    allowed: input.allowed,
    next: input.quote ? `Put it in quotes: without them YAML reads ${input.got}.` : `Replace it by ${input.allowed}.`,
  })),
  wrongValue: kind('wrong-value', (input: { path: string; value: Problem['value']; allowed: readonly string[] | string; next?: string }) => ({
    message: `${q(input.path)} has a value that is not allowed`,
    value: input.value,
    allowed: input.allowed,
    suggestion: typeof input.value === 'string' && typeof input.allowed !== 'string' ? nearest(input.value, input.allowed) : undefined,
    next: input.next ?? 'Replace it by a value that is allowed.',
  })),
  notInDefaults: kind('not-in-defaults', (input: { key: string; allowed: readonly string[] }) => ({
    message: `${q(input.key)} belongs to one node and can not be a default`,
    value: input.key,
    allowed: input.allowed,
    next: `Write ${q(input.key)} on each node: what could be signed twice is never inherited.`,
  })),
  duplicateEntry: kind('duplicate-entry', (input: { what: string; name: string }) => ({
    message: `${input.what} ${q(input.name)} is listed twice`,
    value: input.name,
    allowed: 'each once',
    next: 'Remove or rename one of the two.',
  })),

  // Genesis
  genesisRequired: kind('genesis-required', (input: { network: string; chain: string }) => ({
    message: `network ${q(input.network)} declares no genesis, and chain ${q(input.chain)} needs one`,
    allowed: 'genesis: {url, sha256}, or {file, sha256} for at most 512 KiB',
    next: 'Add "genesis:" with its source and sha256.',
  })),
  genesisFileMissing: kind('genesis-file-missing', (input: { file: string; allowed: readonly string[] }) => ({
    message: `the genesis file ${q(input.file)} does not exist beside the networks`,
    value: input.file,
    allowed: input.allowed.length > 0 ? input.allowed : 'a file below networks/',
    suggestion: nearest(input.file, input.allowed),
    next: `Put the file at networks/${input.file}, or correct its path.`,
  })),
  genesisOutside: kind('genesis-outside', (input: { file: string }) => ({
    message: `the genesis path ${q(input.file)} could leave the fleet's folder`,
    value: input.file,
    allowed: 'a path below networks/, without "." or ".." parts',
    next: 'Put the file below networks/ and name it from there.',
  })),
  genesisTooLarge: kind('genesis-too-large', (input: { file: string; bytes: number; limit: number }) => ({
    message: `the genesis file ${q(input.file)} is too large to be rendered into a ConfigMap`,
    value: input.bytes,
    allowed: `at most ${input.limit} bytes`,
    next: 'Publish it and declare "url" with its sha256 instead.',
  })),
  genesisChecksum: kind('genesis-checksum', (input: { file: string; declared: string; actual: string }) => ({
    message: `the genesis file ${q(input.file)} has another sha256 than declared`,
    value: input.declared,
    allowed: input.actual,
    next: 'Check where the file came from; if it is the right one, declare the sha256 given as allowed.',
  })),
} as const;
