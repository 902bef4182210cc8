/** How files become rows: what `BatchFileLoader` is told at synth and `fileworks-runtime/loader` does at run. */

export type LoadFormat = 'json' | 'json-lines' | 'csv';

/** What happens to a row whose key is in the table already. */
export type LoadConflictRule =
  /** The file is rejected. */
  | 'reject'
  /** The row that is there stays. */
  | 'keep'
  /** The new row replaces it. */
  | 'update';

export interface LoadColumn {
  /** Column of the table. */
  readonly name: string;
  /**
   * JSON pointer into a row, or name of a CSV column; absent: the column's own name. The empty pointer is the whole
   * row.
   */
  readonly source?: string;
}

/** Files of some keys, and the table that their rows go into. */
export interface LoadRoute {
  /** Beginning of the keys; absent: any. */
  readonly prefix?: string;
  /** End of the keys; absent: any. */
  readonly suffix?: string;
  readonly format: LoadFormat;
  /** JSON pointer of the array of rows in a JSON document; absent: the document, one row or an array of them. */
  readonly rowsAt?: string;
  /** Between the values of a CSV line; absent: a comma. */
  readonly delimiter?: string;
  /** The value that stands for NULL in CSV; absent: the empty one. */
  readonly nullValue?: string;
  /**
   * JSON Schema of a row; absent: rows are not validated. Of CSV it sees text as the type that it asks for, where the
   * text can be read as such.
   */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** `table` or `schema.table`. */
  readonly table: string;
  readonly columns: readonly LoadColumn[];
  readonly conflict?: {
    readonly rule: LoadConflictRule;
    /** Columns of a unique index. */
    readonly key: readonly string[];
    /** Only for `update`: the new row replaces the old one only if its value in this column is greater. */
    readonly ifGreater?: string;
  };
}

/**
 * File beside the code of the loader's function that holds its routes, JSON of `LoadRoute[]`: a function's environment
 * has room for no schema.
 */
export const LOAD_ROUTES_FILE = 'routes.json';
