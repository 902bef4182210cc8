import { type HeadWrite, type KeyWrite, type PauseWrite, type Write } from '../store.js';

/** One statement of a commit: it must affect exactly one row, otherwise the commit is rolled back. */
export interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

const json = new Set(['object', 'policy', 'result', 'lastAttempts', 'scopes', 'groupings']);
const bigints = new Set([
  'rev',
  'epoch',
  'fence',
  'notBefore',
  'dueAt',
  'beganAt',
  'interruptedSince',
  'registeredAt',
  'updatedAt',
  'version',
  'appended',
]);

const fileFields = [
  'id',
  'type',
  'sequence',
  'sequencePart',
  'slots',
  'order',
  'status',
  'rev',
  'epoch',
  'attempts',
  'interruptions',
  'slot',
  'fence',
  'worker',
  'notBefore',
  'dueAt',
  'beganAt',
  'log',
  'lastAttempts',
  'stopReason',
  'cancelReason',
  'interruptedSince',
  'reason',
  'result',
  'object',
  'policy',
  'correlationId',
  'registeredAt',
  'updatedAt',
] as const;

const column = (field: string) => `"${field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}"`;
const field = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

export const fileColumns = fileFields.map(column).join(', ');

/** `pg` returns bigint as text, and NULL for absent fields. */
export function fromRow(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(row)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => {
      const key = field(name);
      return [key, bigints.has(key) ? Number(value) : value];
    });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** Heads come first in every transaction, so that a transaction waiting for a lock on a head holds no other lock. */
export function statements(writes: readonly Write[]): Statement[] {
  return [...writes].sort((one, other) => rank(one) - rank(other)).map(statement);
}

const rank = ({ kind }: Write) => (kind === 'head' ? 0 : kind === 'key' ? 1 : 2);

function statement(write: Write): Statement {
  switch (write.kind) {
    case 'insert':
      return insert('fileworks_file', write.row, 'ON CONFLICT (id) DO NOTHING');
    case 'update': {
      const { text, values } = assignments({ ...write.change, rev: write.file.rev + 1 });
      return {
        text: `UPDATE fileworks_file SET ${text} WHERE id = $${values.length + 1} AND rev = $${values.length + 2}`,
        values: [...values, write.file.id, write.file.rev],
      };
    }
    case 'head':
      return headStatement(write);
    case 'key':
      return keyStatement(write);
    case 'pause':
      return pauseStatement(write);
  }
}

function headStatement({ sequence, slot, seen, change }: HeadWrite): Statement {
  if (seen === undefined) {
    return insert(
      'fileworks_head',
      { sequence, slot, version: 0, appended: 0, ...change },
      'ON CONFLICT (sequence, slot) DO NOTHING',
    );
  }
  const { text, values } = assignments(change ?? {});
  const parameters = [...values, sequence, slot, seen.version, seen.holder ?? null];
  const [s, n, v, h] = [1, 2, 3, 4].map((offset) => `$${values.length + offset}`);
  const condition = `sequence = ${s} AND slot = ${n} AND version = ${v} AND holder IS NOT DISTINCT FROM ${h}`;
  return change === undefined
    ? { text: `SELECT 1 FROM fileworks_head WHERE ${condition} FOR UPDATE`, values: parameters }
    : { text: `UPDATE fileworks_head SET ${text} WHERE ${condition}`, values: parameters };
}

function keyStatement({ seen, row }: KeyWrite): Statement {
  if (seen === undefined) {
    return insert('fileworks_key', row, 'ON CONFLICT (bucket, key) DO NOTHING');
  }
  const { text, values } = assignments(row);
  const [b, k, v] = [1, 2, 3].map((offset) => `$${values.length + offset}`);
  return {
    text: `UPDATE fileworks_key SET ${text} WHERE bucket = ${b} AND key = ${k} AND version = ${v}`,
    values: [...values, row.bucket, row.key, seen],
  };
}

function pauseStatement({ seen, row }: PauseWrite): Statement {
  if (seen === undefined) {
    return insert('fileworks_pause', { id: 1, ...row }, 'ON CONFLICT (id) DO NOTHING');
  }
  const { text, values } = assignments(row);
  return {
    text: `UPDATE fileworks_pause SET ${text} WHERE version = $${values.length + 1}`,
    values: [...values, seen],
  };
}

function insert(table: string, row: object, onConflict: string): Statement {
  const entries = Object.entries(row).filter(([, value]) => value !== undefined);
  const columns = entries.map(([name]) => column(name)).join(', ');
  const parameters = entries.map((_, index) => `$${index + 1}`).join(', ');
  return {
    text: `INSERT INTO ${table} (${columns}) VALUES (${parameters}) ${onConflict}`,
    values: entries.map(parameter),
  };
}

function assignments(change: object): Statement {
  const entries = Object.entries(change);
  return {
    text: entries.map(([name], index) => `${column(name)} = $${index + 1}`).join(', '),
    values: entries.map(parameter),
  };
}

const parameter = ([name, value]: [string, unknown]): unknown =>
  value === undefined ? null : json.has(name) ? JSON.stringify(value) : value;
