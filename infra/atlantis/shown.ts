import { StringDecoder } from 'node:string_decoder';
import { printable } from '../../naming/printable';

export interface ShownOptions {
  /** Bytes that are let through; what is more is counted and left out. */
  readonly limit: number;
  /** The text is Terraform's: that nothing changes is not taken from what it prints, but from how it ends, by whoever called it. */
  readonly terraform?: boolean;
}

/** One line is cut after this many characters. */
const LINE = 16_384;
/** What Atlantis looks for in a step's output, anywhere in it (server/events/models/models.go at 078d0a8, reNoChanges and rePlanChanges); its dots are any character. */
const NO_CHANGES = /No changes(?=. (?:Infrastructure is up-to-date|Your infrastructure matches the configuration))/g;
const COUNTS = /Plan:(?= (?:\d+ to import, )?\d+ to add, \d+ to change, \d+ to destroy)/g;
export const NOTHING_CHANGES = 'No changes. Your infrastructure matches the configuration.';
const COUNTED = /^Plan: (?:\d+ to import, )?\d+ to add, \d+ to change, \d+ to destroy(?:, \d+ to forget)?\.$/;

/**
 * Somebody else's text on its way to a comment or a log: line by line as it is seen, no more of it than the limit, no end of the comment's code block, and none of the
 * sentences by which Atlantis decides, but where they are the whole line: what a pull request writes stands behind something.
 */
export class Shown {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private used = 0;
  private leftOut = 0;

  constructor(private readonly options: ShownOptions) {}

  write(chunk: Buffer): string {
    const lines = (this.rest + this.decoder.write(chunk)).split('\n');
    this.rest = lines.pop()!;
    let shown = lines.map((line) => this.line(line)).join('');
    // A line without an end is not kept in memory for ever.
    if (this.rest.length > LINE) {
      shown += this.line(this.rest);
      this.rest = '';
    }
    return shown;
  }

  end(): string {
    const last = this.rest + this.decoder.end();
    const shown = last === '' ? '' : this.line(last);
    return this.leftOut === 0 ? shown : `${shown}... ${this.leftOut} more bytes are left out.\n`;
  }

  private line(text: string): string {
    const shown = `${this.shownLine(text)}\n`;
    const bytes = Buffer.byteLength(shown);
    if (this.used + bytes > this.options.limit) {
      // From the first line that is left out on, all are: the rest is no text with holes.
      this.used = this.options.limit;
      this.leftOut += Buffer.byteLength(text) + 1;
      return '';
    }
    this.used += bytes;
    return shown;
  }

  private shownLine(text: string): string {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (line === NOTHING_CHANGES) return this.options.terraform ? 'Nothing changes.' : line;
    const cut = line.length > LINE ? `${line.slice(0, LINE)}...` : line;
    const seen = printable(cut).replace(NO_CHANGES, 'No\\u0020changes').replace(/`{3,}|~{3,}/g, (run) => `\\u00${run.charCodeAt(0).toString(16)}`.repeat(run.length));
    return COUNTED.test(line) ? line : seen.replace(COUNTS, 'Plan\\u003a');
  }
}
