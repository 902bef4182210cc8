import { setTimeout as delay } from 'node:timers/promises';
import { DispatchFunctionEnv, type DispatchWake } from '../../contract/dispatch-config';
import { LaunchMisconfigured } from '../../runtime/dispatch/task-supervisor';
import { createTaskSupervisor } from '../shared/dispatch-task-supervisor';
import { lazy } from '../shared/dispatch-parts';
import { numberVariable } from '../shared/environment';
import { log } from '../shared/log';
import { Outages } from '../shared/outages';
import type { SqsBatchResponse, SqsEvent } from '../shared/sqs-event';

const parts = lazy(createTaskSupervisor);
const outages = new Outages();

/**
 * Performs the next step of each file in the messages, usually the launch of its task.
 *
 * Files are processed sequentially at a limited rate, because an account can start only a few tasks per second; the
 * others wait in the queue.
 */
export async function handler({ Records: records }: SqsEvent): Promise<SqsBatchResponse> {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  const paceMs = 1_000 / numberVariable(DispatchFunctionEnv.launchesPerSecond);
  for (const { body, messageId } of records) {
    const started = performance.now();
    let launched = true;
    try {
      const { file } = JSON.parse(body) as DispatchWake;
      launched = await parts().supervisor.tick(file);
      outages.answered();
    } catch (error) {
      log('ERROR', 'file could not be launched', { wake: body.slice(0, 200), error: String(error) });
      // If a dependency is unavailable, the sweeper repeats the step. If an operator must act, a retry would fail again
      if (!outages.met(error) && !(error instanceof LaunchMisconfigured)) {
        batchItemFailures.push({ itemIdentifier: messageId });
      }
    }
    if (launched) {
      await delay(Math.max(0, paceMs - (performance.now() - started)));
    }
  }
  return { batchItemFailures };
}
