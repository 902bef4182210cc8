/** `fileworks-runtime/postgres`: the rows of a `TypedDispatcher` in PostgreSQL. */
export { dispatchSchema, type PostgresConnection, type PostgresPool, PostgresStore } from '../dispatch/index.js';
export { postgresTurns, type PostgresTurns } from '../jobs/postgres-turns.js';
