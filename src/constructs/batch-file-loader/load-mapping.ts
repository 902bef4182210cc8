import type { LoadRoute } from '../../contract/load-route';
import type { RowSchema } from './row-schema';

/** A column of the table, and the source of its value. */
export interface LoadColumn {
  /** Name of the column in the table. */
  readonly name: string;

  /**
   * The source of the value: the name of a property or a CSV column, or a JSON pointer such as `/customer/name`. The
   * empty string is the whole row, as JSON.
   *
   * @default - the same name
   */
  readonly source?: string;
}

/** Options of `LoadConflict.update()`. */
export interface LoadUpdateOptions {
  /**
   * Replaces a row only if the new value of this column is greater than the old one, such as the time of a change.
   *
   * @default - a row always replaces the existing one
   */
  readonly ifGreater?: string;
}

/** What happens to a row whose key exists in the table. */
export class LoadConflict {
  /** The file is rejected. */
  static reject(): LoadConflict {
    return new LoadConflict(undefined);
  }

  /**
   * The existing row is kept.
   *
   * @param key columns of a unique index
   */
  static keep(key: string[]): LoadConflict {
    return new LoadConflict({ rule: 'keep', key });
  }

  /**
   * The new row replaces the existing one. Of two versions of an object, the newer one wins, in whatever order their
   * events arrive.
   *
   * @param key columns of a unique index
   * @param options when a row is replaced
   */
  static update(key: string[], options: LoadUpdateOptions = {}): LoadConflict {
    return new LoadConflict({ rule: 'update', key, ...options });
  }

  /**
   * The configuration for the function.
   *
   * @internal
   */
  readonly _rule: LoadRoute['conflict'];

  private constructor(rule: LoadRoute['conflict']) {
    this._rule = rule;
  }
}

/** Mapping of the rows of a file to rows of a table. */
export interface LoadMappingOptions {
  /** The table: `table` or `schema.table`. It must exist. */
  readonly table: string;

  /** The columns to fill; others get their defaults. */
  readonly columns: LoadColumn[];

  /**
   * What happens to a row whose key exists in the table.
   *
   * @default LoadConflict.reject()
   */
  readonly conflict?: LoadConflict;

  /**
   * The JSON Schema for each row. The text of CSV is converted to the type that the schema requires.
   *
   * @default - rows are not validated before they are sent to the database
   */
  readonly schema?: RowSchema;
}

/** Mapping of files that are one JSON document. */
export interface JsonMappingOptions extends LoadMappingOptions {
  /**
   * JSON pointer of the array of rows in the document, such as `/items`.
   *
   * @default - the document is one row, or an array of rows
   */
  readonly rowsAt?: string;
}

/** Mapping of CSV files. */
export interface CsvMappingOptions extends LoadMappingOptions {
  /** The delimiter of values.
   *
   * @default ','
   */
  readonly delimiter?: string;

  /**
   * The value that represents NULL.
   *
   * @default ''
   */
  readonly nullValue?: string;
}

/**
 * The content of a route's files, and the table for their rows.
 *
 * @example
 * const mapping = fileworks.LoadMapping.json({
 *   table: 'sales.orders',
 *   columns: [{ name: 'id' }, { name: 'customer', source: '/customer/name' }, { name: 'document', source: '' }],
 *   conflict: fileworks.LoadConflict.update(['id']),
 * });
 */
export class LoadMapping {
  /**
   * Files that are one JSON document each.
   *
   * @param options the source and the target of rows
   */
  static json(options: JsonMappingOptions): LoadMapping {
    return new LoadMapping({ ...common(options), format: 'json', rowsAt: options.rowsAt });
  }

  /**
   * Files with a JSON document in each line.
   *
   * @param options the target of rows
   */
  static jsonLines(options: LoadMappingOptions): LoadMapping {
    return new LoadMapping({ ...common(options), format: 'json-lines' });
  }

  /**
   * CSV files with a header.
   *
   * @param options the CSV format and the target of rows
   */
  static csv(options: CsvMappingOptions): LoadMapping {
    return new LoadMapping({
      ...common(options),
      format: 'csv',
      delimiter: options.delimiter,
      nullValue: options.nullValue,
    });
  }

  /**
   * The configuration for the function.
   *
   * @internal
   */
  readonly _route: Omit<LoadRoute, 'prefix' | 'suffix'>;

  private constructor(route: Omit<LoadRoute, 'prefix' | 'suffix'>) {
    this._route = route;
  }
}

function common({
  table,
  columns,
  conflict,
  schema,
}: LoadMappingOptions): Pick<LoadRoute, 'table' | 'columns' | 'conflict' | 'schema'> {
  return {
    table,
    columns: columns.map(({ name, source }) => ({ name, source })),
    conflict: conflict?._rule,
    schema: schema?._schema,
  };
}
