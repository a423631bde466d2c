/** What is wrong in a text, and where: `secrets[0].source`. */
export class JsonFault extends Error {
  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Judges JSON in which readers may see different things. JavaScript takes the last of two members of one name; Go does too, merges what lies in them, and takes a name in
 * any case; both put another character for half of one, and differ on how 1.0 is a whole number. None of it has to be in a message of ours.
 *
 * @throws JsonFault for the first such thing, and for what is not JSON
 */
export function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold a secret.
    throw new JsonFault('', 'is not JSON');
  }
  const around: Container[] = [];
  for (const token of tokensOf(text)) {
    const inner = around.at(-1);
    if (token === '{' || token === '[') {
      around.push({ path: pathOf(inner), names: token === '{' ? new Set() : undefined, index: 0, name: undefined });
    } else if (token === '}' || token === ']') {
      around.pop();
    } else if (token === ',') {
      inner!.name = undefined;
      inner!.index += 1;
    } else if (token.startsWith('"')) {
      const value = JSON.parse(token) as string;
      const isName = inner?.names !== undefined && inner.name === undefined;
      if (isName) {
        inner.name = value;
        const folded = value.toLowerCase();
        if (inner.names.has(folded)) throw new JsonFault(pathOf(inner), 'is there twice, perhaps in another case');
        inner.names.add(folded);
        // Validators of JavaScript pass it by, or take it for the prototype.
        if (folded === '__proto__') throw new JsonFault(pathOf(inner), 'is not known: JavaScript keeps that name for itself');
      }
      if (/[\p{Surrogate}\uFFFD]/u.test(value)) throw new JsonFault(pathOf(inner), 'holds half a character');
    } else if (/^[-0-9]/.test(token) && !/^(0|-?[1-9][0-9]{0,14})$/.test(token)) {
      throw new JsonFault(pathOf(inner), 'must be a whole number of at most 15 digits, written as such');
    }
  }
}

/** Of JSON that is whole. One pattern for a string of any length would need stack for each of its characters. */
function* tokensOf(text: string): Iterable<string> {
  const token = /[{}[\]:,"]|[^\s{}[\]:,"]+/g;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    if (found[0] === '"') {
      let end = token.lastIndex;
      while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
      token.lastIndex = end + 1;
    }
    yield text.slice(found.index, token.lastIndex);
  }
}

interface Container {
  readonly path: string;
  /** Of a map: the names so far, in lower case. */
  readonly names: Set<string> | undefined;
  index: number;
  /** Of a map: the member that is being read. */
  name: string | undefined;
}

/** Of what is being read in a container. */
function pathOf(container: Container | undefined): string {
  if (container === undefined) return '';
  const { path, names, index, name } = container;
  if (names === undefined) return `${path}[${index}]`;
  return path === '' ? (name ?? '') : `${path}.${name ?? ''}`;
}
