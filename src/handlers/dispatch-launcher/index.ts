import { setTimeout as delay } from 'node:timers/promises';
import { DispatchFunctionEnv, type DispatchWake } from '../../contract/dispatch-config';
import { LaunchMisconfigured } from '../../runtime/dispatch/task-supervisor';
import { createTaskSupervisor } from '../shared/dispatch-task-supervisor';
import { lazy } from '../shared/dispatch-parts';
import { numberVariable } from '../shared/environment';
import { log } from '../shared/log';
import type { SqsBatchResponse, SqsEvent } from '../shared/sqs-event';

const parts = lazy(createTaskSupervisor);

/**
 * Gives each file that was woken what it needs next, most of all its task.
 *
 * One after another and no faster than the pace, because an account may start a few tasks a second; the rest waits in
 * the queue.
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
    } catch (error) {
      log('ERROR', 'file could not be launched', { wake: body.slice(0, 200), error: String(error) });
      // A person must act on it, and its row says so: another try would say the same
      if (!(error instanceof LaunchMisconfigured)) {
        batchItemFailures.push({ itemIdentifier: messageId });
      }
    }
    if (launched) {
      await delay(Math.max(0, paceMs - (performance.now() - started)));
    }
  }
  return { batchItemFailures };
}
