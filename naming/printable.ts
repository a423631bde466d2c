/**
 * Text of somebody else's as one line that can't be taken for anything but what it is: what would break the line, turn the direction, or not be
 * seen is shown as its escape. Whatever quotes a pull request, a file's name or another program's answer passes through here.
 *
 * @example printable('a\n\u202eb') // 'a\\n\\u202eb'
 */
export const printable = (text: string): string => text.replace(UNSEEN, escaped);

/**
 * Other than what is seen: control, format (bidirectional marks, zero widths, tags), unassigned, private and lone surrogates; line and paragraph separators; every space
 * but the one; what fonts leave out by default (Unicode's Default_Ignorable_Code_Point: fillers, variation selectors), and Braille's blank.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  const point = character.codePointAt(0)!;
  const hex = point.toString(16);
  return SHORT[character] ?? (point > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`);
}
