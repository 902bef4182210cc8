import type { LoadColumn, LoadRoute } from '../../contract/load-route.js';
import { copyText } from './copy-text.js';
import { FileRejected } from './load-error.js';
import { pointerOf, pointerTo, resolvePointer } from './pointer.js';
import { type FileContent, type ReadRows, rowReader, type SourceRow } from './read-rows.js';
import { RowPlaces } from './row-places.js';
import { type CheckRow, rowChecker } from './validate-rows.js';

/** The rows of one file in the text format of COPY, as they are read, and their places in the file. */
export interface FileRows {
  readonly chunks: AsyncIterable<Buffer>;
  readonly places: RowPlaces;
}

interface ColumnReader {
  /** Pointer relative to the row. */
  readonly pointer: string;
  readonly read: (row: SourceRow) => unknown;
}

/** Small enough to overlap reading with the database, large enough that the overhead per chunk is negligible. */
const CHUNK_CHARACTERS = 64 * 1024;

/** Reads files of a route: parses, validates and encodes them. Created once for all files. */
export class RouteReader {
  readonly #readRows: ReadRows;
  readonly #check: CheckRow;
  readonly #columns: readonly ColumnReader[];

  /** @throws ConfigurationError */
  constructor(route: LoadRoute) {
    this.#readRows = rowReader(route);
    this.#check = rowChecker(route);
    this.#columns = route.columns.map((column) => columnReader(column, route));
  }

  /** @throws FileRejected from `chunks`, at the first row that cannot be loaded */
  read(body: FileContent): FileRows {
    const places = new RowPlaces();
    return { places, chunks: this.#chunks(body, places) };
  }

  async *#chunks(body: FileContent, places: RowPlaces): AsyncGenerator<Buffer> {
    let text = '';
    for await (const rows of this.#readRows(body)) {
      for (const row of rows) {
        this.#check(row);
        text += this.#encode(row);
        places.add(row);
        if (text.length >= CHUNK_CHARACTERS) {
          yield Buffer.from(text);
          text = '';
        }
      }
    }
    if (text !== '') {
      yield Buffer.from(text);
    }
  }

  #encode(row: SourceRow): string {
    if (typeof row.value !== 'object' || row.value === null || Array.isArray(row.value)) {
      throw rejected(row, '', 'expected a row to be an object');
    }
    let text = '';
    for (const [index, { read, pointer }] of this.#columns.entries()) {
      try {
        text += (index === 0 ? '' : '\t') + copyText(read(row));
      } catch (error) {
        throw rejected(row, pointer, (error as Error).message);
      }
    }
    return `${text}\n`;
  }
}

function rejected({ line, pointer: stem }: SourceRow, pointer: string, reason: string): FileRejected {
  return new FileRejected(reason, { ...(line === undefined ? {} : { line }), pointer: stem + pointer });
}

function columnReader({ name, source = name }: LoadColumn, { format, nullValue = '' }: LoadRoute): ColumnReader {
  if (format === 'csv' && source !== '') {
    return {
      pointer: pointerTo(source),
      read: (row) => {
        const value = (row.value as Record<string, string>)[source];
        return value === nullValue ? null : value;
      },
    };
  }
  // The original text: serializing a whole row again costs as much as parsing it
  if (source === '') {
    return { pointer: '', read: ({ text, value }) => text ?? value };
  }
  const pointer = pointerOf(source.startsWith('/') ? source : pointerTo(source));
  return { pointer: pointer.text, read: ({ value }) => resolvePointer(value, pointer) };
}
