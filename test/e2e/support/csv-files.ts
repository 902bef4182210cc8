import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

/** A CSV file of orders, and its expected result. */
export interface CsvFile {
  readonly name: string;
  readonly rows: number;
  /** Lines of the rows that break a rule. */
  readonly rejects: readonly number[];
  /** SHA-256 of the clean rows as JSON Lines. */
  readonly sha256: string;
  body(): Readable;
}

const header = 'id,customer,placed_at,amount,currency\n';
const customers = ['"Müller, Söhne & Co."', 'Zoë', '"She said ""no"""', '株式会社', "O'Hara"];

interface Row {
  readonly text: string;
  readonly clean?: string;
}

/** Row `index` of file `seed`; one of 97 breaks a rule. */
function row(seed: number, index: number): Row {
  const customer = customers[(seed + index) % customers.length];
  const order = {
    id: String(seed * 1_000_000 + index + 1),
    customer: customer.replace(/^"|"$/g, '').replaceAll('""', '"'),
    placed_at: new Date(Date.UTC(2026, 0, 1) + (seed * 7919 + index) * 61_000).toISOString().replace('.000Z', 'Z'),
    amount: `${(seed * 31 + index * 17) % 100_000}.${String(index % 100).padStart(2, '0')}`,
    currency: ['EUR', 'USD', 'JPY'][index % 3],
  };
  const breaks = (seed + index) % 97 === 41;
  const text = `${order.id},${customer},${order.placed_at},${breaks ? '1,5' : order.amount},${order.currency}\n`;
  return breaks ? { text } : { text, clean: `${JSON.stringify(order)}\n` };
}

export function csvFile(name: string, seed: number, count: number): CsvFile {
  const sha256 = createHash('sha256');
  const rejects: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const { clean } = row(seed, index);
    if (clean === undefined) {
      rejects.push(index + 2);
    } else {
      sha256.update(clean);
    }
  }
  return {
    name,
    rows: count - rejects.length,
    rejects,
    sha256: sha256.digest('hex'),
    body: () => Readable.from(pieces(seed, count)),
  };
}

function* pieces(seed: number, count: number): Generator<Buffer> {
  let text = header;
  for (let index = 0; index < count; index += 1) {
    text += row(seed, index).text;
    if (text.length > 1024 * 1024) {
      yield Buffer.from(text);
      text = '';
    }
  }
  yield Buffer.from(text);
}
