/** One weakening of the source, and the point whose test must fail for it (`tests.ts`). */
export interface Weakening {
  readonly point: string;
  /** Relative to the repository. */
  readonly file: string;
  /** Found exactly once in the file. */
  readonly from: string;
  readonly to: string;
}
