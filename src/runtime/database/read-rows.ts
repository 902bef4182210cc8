import { pipeline, Readable } from 'node:stream';
import { CsvError, parse as parseCsv } from 'csv-parse';
import type { LoadFormat, LoadRoute } from '../../contract/load-route.js';
import { parseExactly } from './json-numbers.js';
import { FileRejected } from './load-error.js';
import { type Pointer, pointerOf, resolvePointer } from './pointer.js';

/** One row of a file, and its location. */
export interface SourceRow {
  readonly value: unknown;
  /** Absent in a JSON document, which uses the pointer. */
  readonly line?: number;
  /** Pointer of the row in its document; empty if rows have lines. */
  readonly pointer: string;
  /** The original text of the row, if it is a separate JSON value. */
  readonly text?: string;
}

/** Content of a file, as a stream or in memory. */
export type FileContent = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Reads rows in batches: a promise per row would cost more than the row. */
export type ReadRows = (body: FileContent) => AsyncIterable<readonly SourceRow[]>;

/** Maximum length of a line or document, which is held in memory. */
const MAX_WHOLE_CHARACTERS = 64 * 1024 * 1024;
const CSV_PORTION = 500;

export function rowReader(route: LoadRoute): ReadRows {
  const readers: Record<LoadFormat, () => ReadRows> = {
    json: () => jsonReader(pointerOf(route.rowsAt ?? '')),
    'json-lines': () => readJsonLines,
    csv: () => csvReader(route),
  };
  return readers[route.format]();
}

function jsonReader(rowsAt: Pointer): ReadRows {
  return async function* read(body) {
    const text = await whole(body);
    if (text.trim() === '') {
      return;
    }
    const document = parseText(text);
    const found = resolvePointer(document, rowsAt);
    if (found === undefined) {
      throw new FileRejected('no value at the pointer of the rows', { pointer: rowsAt.text });
    }
    if (rowsAt.text !== '' && !Array.isArray(found)) {
      throw new FileRejected('expected an array of rows', { pointer: rowsAt.text });
    }
    yield Array.isArray(found)
      ? found.map((value: unknown, index) => ({ value, pointer: `${rowsAt.text}/${index}` }))
      : [{ value: found, pointer: '', text }];
  };
}

async function* readJsonLines(body: FileContent): AsyncGenerator<readonly SourceRow[]> {
  let line = 0;
  for await (const texts of linesOf(body)) {
    const rows: SourceRow[] = [];
    for (const text of texts) {
      line += 1;
      if (text.trim() !== '') {
        rows.push({ value: parseText(text, line), line, pointer: '', text });
      }
    }
    yield rows;
  }
}

/** Splits at line feeds; a carriage return before one is white space to JSON. */
async function* linesOf(body: FileContent): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const text of decoded(body)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_WHOLE_CHARACTERS) {
      throw new FileRejected(`a line is longer than ${MAX_WHOLE_CHARACTERS} characters`);
    }
    if (lines.length > 0) {
      yield lines;
    }
  }
  if (rest !== '') {
    yield [rest];
  }
}

function csvReader({ delimiter = ',', columns }: LoadRoute): ReadRows {
  const needed = columns.map(({ name, source = name }) => source).filter((name) => name !== '');
  return async function* read(body) {
    const parser = parseCsv({
      delimiter,
      bom: true,
      info: true,
      max_record_size: MAX_WHOLE_CHARACTERS,
      skip_empty_lines: true,
      columns(names: string[]) {
        const missing = needed.filter((name) => !names.includes(name));
        if (missing.length > 0) {
          throw new FileRejected(`the header has no column ${missing.join(', ')}`, { line: 1 });
        }
        return names;
      },
    });
    // Errors of both streams are thrown by the parser
    pipeline(Readable.from(decoded(body)), parser, () => undefined);
    let rows: SourceRow[] = [];
    try {
      for await (const { record, info } of parser as AsyncIterable<{
        record: Record<string, string>;
        info: { lines: number };
      }>) {
        rows.push({ value: record, line: info.lines, pointer: '' });
        if (rows.length === CSV_PORTION) {
          yield rows;
          rows = [];
        }
      }
    } catch (error) {
      if (!(error instanceof CsvError)) {
        throw error;
      }
      const { lines, message } = error as CsvError & { readonly lines?: number };
      throw new FileRejected(message, lines === undefined ? {} : { line: lines }, { cause: error });
    }
    yield rows;
  };
}

async function* decoded(body: FileContent): AsyncGenerator<string> {
  // Ignores a byte order mark
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  const decode = (piece?: Uint8Array) => {
    try {
      return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch (error) {
      throw new FileRejected(`the file is not UTF-8, somewhere after byte ${bytes}`, {}, { cause: error });
    }
  };
  for await (const piece of body) {
    yield decode(piece);
    bytes += piece.length;
  }
  yield decode();
}

async function whole(body: FileContent): Promise<string> {
  const pieces: string[] = [];
  let characters = 0;
  for await (const text of decoded(body)) {
    pieces.push(text);
    characters += text.length;
    if (characters > MAX_WHOLE_CHARACTERS) {
      throw new FileRejected(
        `the document is longer than ${MAX_WHOLE_CHARACTERS} characters; JSON Lines has no such limit`,
      );
    }
  }
  return pieces.join('');
}

function parseText(text: string, line?: number): unknown {
  try {
    return parseExactly(text);
  } catch (error) {
    const { message } = error as Error;
    // V8 quotes the input, up to the whole text
    const said = message.replace(/,? ?"(?:[^]*)" is not valid JSON.*$|(?: in JSON)? at position.*$/s, '').slice(0, 100);
    const at = /at position (\d+)/.exec(message)?.[1];
    throw new FileRejected(
      `not JSON: ${said}`,
      { line: line ?? lineAt(text, at === undefined ? text.length : Number(at)) },
      { cause: error },
    );
  }
}

const lineAt = (text: string, position: number) => text.slice(0, position).split('\n').length;
