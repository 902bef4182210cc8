import type { LoadRoute } from '../../contract/load-route';
import type { RowSchema } from './row-schema';

/** A column of the table, and where in a row its value is. */
export interface LoadColumn {
  /** Name of the column in the table. */
  readonly name: string;

  /**
   * Where the value is: the name of a property or of a CSV column, or a JSON pointer such as `/customer/name`. The
   * empty text is the whole row, as JSON.
   *
   * @default - the same name
   */
  readonly source?: string;
}

/** When a row replaces the one that is there. */
export interface LoadUpdateOptions {
  /**
   * Replaces a row only if the new value of this column is greater than the old one, such as the time of a change.
   *
   * @default - a row always replaces the one that is there
   */
  readonly ifGreater?: string;
}

/** What happens to a row whose key is in the table already. */
export class LoadConflict {
  /** The file is rejected. */
  static reject(): LoadConflict {
    return new LoadConflict(undefined);
  }

  /**
   * The row that is there stays.
   *
   * @param key columns of a unique index
   */
  static keep(key: string[]): LoadConflict {
    return new LoadConflict({ rule: 'keep', key });
  }

  /**
   * The new row replaces it. Of two versions of one object the newer one wins, in whatever order their events come.
   *
   * @param key columns of a unique index
   * @param options when a row is replaced
   */
  static update(key: string[], options: LoadUpdateOptions = {}): LoadConflict {
    return new LoadConflict({ rule: 'update', key, ...options });
  }

  /**
   * What the function is told.
   *
   * @internal
   */
  readonly _rule: LoadRoute['conflict'];

  private constructor(rule: LoadRoute['conflict']) {
    this._rule = rule;
  }
}

/** How the rows of a file become rows of a table. */
export interface LoadMappingOptions {
  /** The table: `table` or `schema.table`. It must exist. */
  readonly table: string;

  /** The columns that are filled; others get their defaults. */
  readonly columns: LoadColumn[];

  /**
   * What happens to a row whose key is in the table already.
   *
   * @default LoadConflict.reject()
   */
  readonly conflict?: LoadConflict;

  /**
   * What each row must fit. Of CSV it sees text as the type that it asks for.
   *
   * @default - rows are not validated before the database sees them
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
  /**
   * Between the values of a line.
   *
   * @default ','
   */
  readonly delimiter?: string;

  /**
   * The value that stands for NULL.
   *
   * @default ''
   */
  readonly nullValue?: string;
}

/**
 * What the files of a route hold, and the table that their rows go into.
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
   * @param options how rows are found, and where they go
   */
  static json(options: JsonMappingOptions): LoadMapping {
    return new LoadMapping({ ...common(options), format: 'json', rowsAt: options.rowsAt });
  }

  /**
   * Files with a JSON document in each line.
   *
   * @param options where rows go
   */
  static jsonLines(options: LoadMappingOptions): LoadMapping {
    return new LoadMapping({ ...common(options), format: 'json-lines' });
  }

  /**
   * CSV files with a header.
   *
   * @param options how lines are read, and where rows go
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
   * What the function is told.
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
