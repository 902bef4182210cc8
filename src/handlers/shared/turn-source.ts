import { DispatchStateEnv } from '../../contract/dispatch-env';
import { dynamoDbTurns } from '../../runtime/dispatch/dynamodb/turns';
import type { PostgresStore } from '../../runtime/dispatch/postgres/postgres-store';
import type { TurnSource } from '../../runtime/dispatch/take-turn';
import { postgresTurns } from '../../runtime/jobs/postgres-turns';

/** The store named in the environment; `database` is the same store if it is a PostgreSQL database. */
export function turnSource(): TurnSource & { readonly database?: PostgresStore } {
  if (process.env[DispatchStateEnv.database] === undefined) {
    return dynamoDbTurns();
  }
  const turns = postgresTurns();
  return { ...turns, database: turns.store };
}
