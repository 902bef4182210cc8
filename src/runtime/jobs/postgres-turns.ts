import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DispatchWake } from '../../contract/dispatch-config.js';
import { DispatchStateEnv } from '../../contract/dispatch-env.js';
import { sqsEndpoint } from '../../contract/sqs-endpoint.js';
// Not by the index, which loads what the loader needs
import { databaseSettings, logIn } from '../database/log-in.js';
import { RenewingPool } from '../database/renewing-pool.js';
import { PostgresStore, type TurnSource } from '../dispatch/index.js';
import type { Environment } from '../support/environment.js';
import { OptionChecks } from '../support/option-checks.js';

/** Turns with rows in PostgreSQL, and their connections. */
export interface PostgresTurns extends TurnSource {
  readonly store: PostgresStore;
  /** Closes the connections; not required before the process exits. */
  close(): Promise<void>;
}

/**
 * The PostgreSQL database named by `TypedDispatcher` in the environment, for `runFileTask` and `fileTaskHandler`.
 *
 * ```ts
 * process.exitCode = await runFileTask(async ({ object, fence, signal }) => { … }, postgresTurns());
 * ```
 *
 * A database has no change stream, so the worker itself notifies the dispatcher of the end of a turn.
 *
 * @throws ConfigurationError
 */
export function postgresTurns(env: Environment = process.env): PostgresTurns {
  const checks = new OptionChecks();
  const settings = databaseSettings(env[DispatchStateEnv.database]);
  const wakeQueueUrl = env[DispatchStateEnv.wakeQueueUrl];
  checks.that(
    settings !== undefined,
    `expected \`${DispatchStateEnv.database}\` to be JSON with the connection settings of the database; TypedDispatcher sets it`,
  );
  checks.that(
    wakeQueueUrl !== undefined,
    `expected \`${DispatchStateEnv.wakeQueueUrl}\` to be the URL of a queue; TypedDispatcher sets it`,
  );
  checks.done();
  // Statements of a turn run sequentially
  const pool = new RenewingPool({ logIn: () => logIn(settings ?? {}), maxConnections: 1 });
  const sqs = new SQSClient(sqsEndpoint(process.env));
  return {
    store: new PostgresStore({ pool }),
    async onTurnEnded(file) {
      const body: DispatchWake = { file };
      await sqs.send(new SendMessageCommand({ QueueUrl: wakeQueueUrl, MessageBody: JSON.stringify(body) }));
    },
    close: () => pool.close(),
  };
}
