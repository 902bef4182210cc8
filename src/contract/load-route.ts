/** Mapping of files to rows, configured in `BatchFileLoader` and applied by `fileworks-runtime/loader`. */

export type LoadFormat = 'json' | 'json-lines' | 'csv';

/** Handling of a row whose key exists in the table. */
export type LoadConflictRule =
  /** The file is rejected. */
  | 'reject'
  /** The existing row is kept. */
  | 'keep'
  /** The new row replaces the existing one. */
  | 'update';

export interface LoadColumn {
  /** Column of the table. */
  readonly name: string;
  /**
   * JSON pointer into a row, or name of a CSV column; absent: the name of the column. The empty pointer selects the
   * whole row.
   */
  readonly source?: string;
}

/** Files selected by key, and the table for their rows. */
export interface LoadRoute {
  /** Key prefix; absent: any. */
  readonly prefix?: string;
  /** Key suffix; absent: any. */
  readonly suffix?: string;
  readonly format: LoadFormat;
  /** JSON pointer of the array of rows in a JSON document; absent: the document itself is a row or an array of rows. */
  readonly rowsAt?: string;
  /** Delimiter of CSV values; absent: a comma. */
  readonly delimiter?: string;
  /** CSV value that represents NULL; absent: the empty value. */
  readonly nullValue?: string;
  /**
   * JSON Schema of a row; absent: rows are not validated. CSV values are converted to the types of the schema where
   * possible.
   */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** `table` or `schema.table`. */
  readonly table: string;
  readonly columns: readonly LoadColumn[];
  readonly conflict?: {
    readonly rule: LoadConflictRule;
    /** Columns of a unique index. */
    readonly key: readonly string[];
    /** Only for `update`: replace the existing row only if the new value of this column is greater. */
    readonly ifGreater?: string;
  };
}

/**
 * File with the routes of the loader function, JSON of `LoadRoute[]`, deployed beside its code: environment variables
 * are too small for schemas.
 */
export const LOAD_ROUTES_FILE = 'routes.json';
