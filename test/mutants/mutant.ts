/** A change of the sources that a test must notice. */
export interface Mutant {
  /** Below `src/`. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** What would be wrong. */
  readonly why: string;
  /** Why no test can notice it: it is then not counted. */
  readonly equivalent?: string;
}

/** `[find, replace, why, equivalent]` of mutants of one file. */
export type Row = readonly [find: string, replace: string, why: string, equivalent?: string];

export const mutantsOf = (file: string, rows: readonly Row[]): readonly Mutant[] =>
  rows.map(([find, replace, why, equivalent]) => ({
    file,
    find,
    replace,
    why,
    ...(equivalent !== undefined && { equivalent }),
  }));
