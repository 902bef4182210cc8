import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDbStore } from './dynamodb-store.js';
import { DispatchStateEnv } from '../../../contract/dispatch-env.js';
import { ConfigurationError } from '../../errors.js';
import type { Environment } from '../../support/environment.js';
import { type TurnSource } from '../take-turn.js';

/** The DynamoDB table that `TypedDispatcher` has written into the environment. @throws ConfigurationError */
export function dynamoDbTurns(env: Environment = process.env): TurnSource & { readonly store: DynamoDbStore } {
  const { [DispatchStateEnv.tableName]: tableName, [DispatchStateEnv.retentionSeconds]: retention } = env;
  if (tableName === undefined) {
    throw new ConfigurationError([
      env[DispatchStateEnv.database] === undefined
        ? `Expected ${DispatchStateEnv.tableName} to be the name of the dispatcher's table, as TypedDispatcher sets it`
        : `Rows are in PostgreSQL, as ${DispatchStateEnv.database} says: give what postgresTurns() of fileworks-runtime/postgres makes`,
    ]);
  }
  return {
    store: new DynamoDbStore({
      client: new DynamoDBClient(),
      tableName,
      ...(retention !== undefined && { retentionSeconds: Number(retention) }),
    }),
  };
}
