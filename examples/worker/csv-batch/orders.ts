import { pipeline, Readable } from 'node:stream';
import { type CsvError, parse } from 'csv-parse';
import { PoisonMessage } from 'fileworks-runtime';

/** A row that meets all rules, with the values of the file. */
export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly placed_at: string;
  readonly amount: string;
  readonly currency: string;
}

/** A row that violates a rule, and its last line in the file. */
export interface Reject {
  readonly line: number;
  readonly reason: string;
}

export const columns = ['id', 'customer', 'placed_at', 'amount', 'currency'] as const;

const rules: Readonly<Record<keyof Order, { readonly is: (value: string) => boolean; readonly rule: string }>> = {
  id: { is: (value) => /^[1-9]\d{0,17}$/.test(value), rule: 'must be a whole number from 1 on' },
  // No control characters: PostgreSQL rejects NUL, and a line break would forge a log line
  customer: { is: (value) => /^\P{Cc}{1,200}$/u.test(value), rule: 'must be a text of 1 to 200 characters' },
  placed_at: {
    is: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value) && isTime(value),
    rule: 'must be a time such as 2026-11-21T06:00:00Z',
  },
  amount: { is: (value) => /^-?\d{1,12}\.\d\d$/.test(value), rule: 'must be a number with two decimals' },
  currency: { is: (value) => /^[A-Z]{3}$/.test(value), rule: 'must be three capital letters' },
};

/** A longer record is invalid: an earlier quote was not closed. */
const maxRecordSize = 1024 * 1024;
const portion = 500;

/**
 * Reads orders from a file of any size, in portions: a promise for each row would cost more than the row. Invalid rows
 * go to `reject`.
 *
 * @throws PoisonMessage when the whole file is invalid: no UTF-8, or another header
 */
export async function* readOrders(
  body: AsyncIterable<Uint8Array>,
  reject: (reject: Reject) => Promise<void>,
): AsyncGenerator<Order[], void, void> {
  const parser = parse({
    bom: true,
    columns: checkHeader,
    info: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: maxRecordSize,
  });
  const skipped: Reject[] = [];
  parser.on('skip', ({ lines, message }: CsvError & { readonly lines?: number }) =>
    skipped.push({ line: lines ?? 0, reason: message }),
  );
  // The parser reports the errors of both sides
  pipeline(Readable.from(decoded(body)), parser, () => undefined);
  let orders: Order[] = [];
  for await (const { record, info } of parser as AsyncIterable<{ record: Order; info: { lines: number } }>) {
    for (const one of skipped.splice(0)) {
      await reject(one);
    }
    const wrong = columns.find((column) => !rules[column].is(record[column]));
    if (wrong !== undefined) {
      await reject({ line: info.lines, reason: `${wrong} ${rules[wrong].rule}` });
      continue;
    }
    orders.push(record);
    if (orders.length === portion) {
      yield orders;
      orders = [];
    }
  }
  for (const one of skipped.splice(0)) {
    await reject(one);
  }
  yield orders;
}

function checkHeader(names: string[]): string[] {
  const missing = columns.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    throw new PoisonMessage(`the header has no column ${missing.join(', ')}`);
  }
  return names;
}

async function* decoded(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (piece?: Uint8Array) => {
    try {
      return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch (cause) {
      throw new PoisonMessage('the file is not UTF-8', { cause });
    }
  };
  for await (const piece of body) {
    yield decode(piece);
  }
  yield decode();
}

function isTime(value: string): boolean {
  const time = new Date(value);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(value.slice(0, 19));
}
