import { Client } from 'pg';
import type { Builds, BuildSpec } from '../builds';

const ROW = 'row ';

/** The database of json-loader. */
export interface SalesDatabase {
  /** The rows of a statement; one that changes rows needs RETURNING. */
  query<Row extends object>(sql: string): Promise<Row[]>;
  stop(): Promise<void>;
}

/** A database of this machine. */
export async function connect(connectionString: string): Promise<SalesDatabase> {
  const client = new Client({ connectionString });
  await client.connect();
  return {
    query: async <Row extends object>(sql: string) => (await client.query<Row>(sql)).rows,
    stop: () => client.end(),
  };
}

/** Only builds of the pipeline reach the database of an account: each query is one, and its rows are in its log. */
export function throughBuilds(builds: Builds, project: string): SalesDatabase {
  return {
    query: async <Row extends object>(sql: string) => {
      const id = await builds.start(project, psql([asLines(sql)]));
      return rowsOf<Row>(await builds.endOf(id));
    },
    stop: () => Promise.resolve(),
  };
}

/** Breaks a connection of the loader each second, with a build of the project. */
export async function breakConnections(
  builds: Builds,
  project: string,
  seconds: number,
): Promise<{ readonly ended: Promise<{ readonly breaks: number; readonly connections: number }> }> {
  const loader = `FROM pg_stat_activity WHERE application_name = 'fileworks-loader'`;
  const one = asLines(`
    SELECT (SELECT count(*)::int ${loader}) AS connections, count(*) FILTER (WHERE pg_terminate_backend(pid))::int AS broken
    FROM (SELECT pid ${loader} LIMIT 1) AS first`);
  const id = await builds.start(project, psql(Array.from({ length: seconds }, () => `${one};\nSELECT pg_sleep(1)`)));
  await builds.untilBuilding(id);
  const count = async () => {
    const rows = rowsOf<{ connections: number; broken: number }>(await builds.endOf(id));
    return {
      breaks: rows.reduce((sum, { broken }) => sum + broken, 0),
      connections: Math.max(...rows.map(({ connections }) => connections)),
    };
  };
  return { ended: count() };
}

/**
 * Writes each row as JSON in base64: CodeBuild replaces the values of secrets wherever they are in a log, and the name
 * of the database is one.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/data-protection.html
 */
const asLines = (sql: string) =>
  `WITH found AS (${sql})
SELECT '${ROW}' || translate(encode(convert_to(row_to_json(found)::text, 'UTF8'), 'base64'), E'\\n', '') FROM found`;

/** The login and the client of a migration, and statements in its place. */
const psql =
  (statements: readonly string[]) =>
  ({ version, env, phases: { install } }: BuildSpec): BuildSpec => ({
    version,
    env,
    phases: {
      install: {
        commands: install.commands.slice(
          0,
          install.commands.findIndex((command) => /^cd /.test(command)),
        ),
      },
      build: { commands: [`psql -XAtq -v ON_ERROR_STOP=1 <<'END_OF_SQL'\n${statements.join(';\n')};\nEND_OF_SQL`] },
    },
  });

function rowsOf<Row>({ succeeded, output }: { readonly succeeded: boolean; readonly output: string }): Row[] {
  if (!succeeded) {
    throw new Error(`the statements failed:\n${output}`);
  }
  return output
    .split('\n')
    .filter((line) => line.startsWith(ROW))
    .map((line) => JSON.parse(Buffer.from(line.slice(ROW.length), 'base64').toString()) as Row);
}
