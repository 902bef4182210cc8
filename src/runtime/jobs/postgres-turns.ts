import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DispatchWake } from '../../contract/dispatch-config.js';
import { DispatchStateEnv } from '../../contract/dispatch-env.js';
// Not by the index, which loads what the loader needs
import { databaseSettings, logIn } from '../database/log-in.js';
import { RenewingPool } from '../database/renewing-pool.js';
import { PostgresStore, type TurnSource } from '../dispatch/index.js';
import type { Environment } from '../support/environment.js';
import { OptionChecks } from '../support/option-checks.js';

/** Rows in PostgreSQL, over connections of their own. */
export interface PostgresTurns extends TurnSource {
  readonly store: PostgresStore;
  /** Closes what is open; a process that ends need not. */
  close(): Promise<void>;
}

/**
 * The PostgreSQL database that `TypedDispatcher` has written into the environment, for `runFileTask` and
 * `fileTaskHandler`.
 *
 * ```ts
 * process.exitCode = await runFileTask(async ({ object, fence, signal }) => { … }, postgresTurns());
 * ```
 *
 * Nothing tells of a change in a database, so the worker itself tells the dispatcher that a turn has ended.
 *
 * @throws ConfigurationError
 */
export function postgresTurns(env: Environment = process.env): PostgresTurns {
  const checks = new OptionChecks();
  const settings = databaseSettings(env[DispatchStateEnv.database]);
  const wakeQueueUrl = env[DispatchStateEnv.wakeQueueUrl];
  checks.that(
    settings !== undefined,
    `expected \`${DispatchStateEnv.database}\` to be JSON that says where the database is; TypedDispatcher sets it`,
  );
  checks.that(
    wakeQueueUrl !== undefined,
    `expected \`${DispatchStateEnv.wakeQueueUrl}\` to be the URL of a queue; TypedDispatcher sets it`,
  );
  checks.done();
  // One file has one turn, of which one thing happens at a time
  const pool = new RenewingPool({ logIn: () => logIn(settings ?? {}), maxConnections: 1 });
  const sqs = new SQSClient();
  return {
    store: new PostgresStore({ pool }),
    async tell(file) {
      const body: DispatchWake = { file };
      await sqs.send(new SendMessageCommand({ QueueUrl: wakeQueueUrl, MessageBody: JSON.stringify(body) }));
    },
    close: () => pool.close(),
  };
}
