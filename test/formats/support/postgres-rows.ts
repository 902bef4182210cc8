import type { Json, Records } from './fixtures';

interface Connection {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/** All rows of tables, by table, in the order of the given columns; without columns that are NULL. */
export async function rowsOf(connection: Connection, tables: Readonly<Record<string, string>>): Promise<Records> {
  const found: Record<string, Json> = {};
  for (const [table, order] of Object.entries(tables)) {
    const { rows } = await connection.query(
      `SELECT jsonb_strip_nulls(to_jsonb(t)) AS row FROM ${table} t ORDER BY ${order}`,
    );
    found[table] = (rows as { row: Json }[]).map(({ row }) => row);
  }
  return found;
}

/** Inserts rows with exactly their columns. */
export async function insertRows(connection: Connection, tables: Records): Promise<void> {
  for (const [table, rows] of Object.entries(tables)) {
    for (const row of rows as Record<string, Json>[]) {
      const columns = Object.keys(row)
        .map((name) => `"${name}"`)
        .join(', ');
      await connection.query(
        `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM jsonb_populate_record(NULL::${table}, $1)`,
        [JSON.stringify(row)],
      );
    }
  }
}
