import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDbStore } from './dynamodb-store.js';
import { DispatchStateEnv } from '../../../contract/dispatch-env.js';
import { ConfigurationError } from '../../errors.js';
import type { Environment } from '../../support/environment.js';
import { type TurnSource } from '../take-turn.js';

/** A service that does not answer fails a call; the SDK itself waits without end. Milliseconds. */
const TIMEOUTS = { connectionTimeout: 3_000, requestTimeout: 5_000, throwOnRequestTimeout: true } as const;

/** The DynamoDB table named by `TypedDispatcher` in the environment. @throws ConfigurationError */
export function dynamoDbTurns(env: Environment = process.env): TurnSource & { readonly store: DynamoDbStore } {
  const { [DispatchStateEnv.tableName]: tableName, [DispatchStateEnv.retentionSeconds]: retention } = env;
  if (tableName === undefined) {
    throw new ConfigurationError([
      env[DispatchStateEnv.database] === undefined
        ? `expected \`${DispatchStateEnv.tableName}\` to be the name of a table, but it is not set; TypedDispatcher sets it`
        : `the rows are in PostgreSQL, according to \`${DispatchStateEnv.database}\`: pass postgresTurns() of fileworks-runtime/postgres`,
    ]);
  }
  return {
    store: new DynamoDbStore({
      client: new DynamoDBClient({ requestHandler: TIMEOUTS }),
      tableName,
      ...(retention !== undefined && { retentionSeconds: Number(retention) }),
    }),
  };
}
