import { DispatchFunctionEnv, DispatchMetrics, DispatchSweep } from '../../contract/dispatch-config';
import { createTender } from '../shared/dispatch-tender';
import { lazy } from '../shared/dispatch-parts';
import { stateOf } from '../shared/ecs-task-host';
import { stateOfExecution } from '../shared/state-machine-host';
import { variable } from '../shared/environment';
import { log } from '../shared/log';
import { putMetrics } from '../shared/dispatch-metrics';

const parts = lazy(createTender);

interface Context {
  getRemainingTimeInMillis(): number;
}

interface StreamRecord {
  readonly dynamodb: { readonly SequenceNumber: string; readonly NewImage?: Readonly<Record<string, { readonly S?: string } | undefined>> };
}

interface StreamEvent {
  readonly Records: readonly StreamRecord[];
}

interface TaskEvent {
  readonly 'detail-type': 'ECS Task State Change';
  readonly 'detail': { readonly taskArn: string; readonly startedBy: string; readonly lastStatus: string; readonly stopCode?: string; readonly stoppedReason?: string };
}

interface ExecutionEvent {
  readonly 'detail-type': 'Step Functions Execution Status Change';
  readonly 'detail': { readonly executionArn: string; readonly name: string; readonly status: string; readonly error?: string | null; readonly cause?: string | null };
}

type WatchedEvent = StreamEvent | TaskEvent | ExecutionEvent | typeof DispatchSweep;

/** Ends a sweep while there is time to say so; the next one goes on. */
const SpareMs = 5_000;

/** Hears what happens to files and tasks, and looks for what nobody has told. */
export async function handler(event: WatchedEvent, context: Context): Promise<object | undefined> {
  if ('Records' in event) return onStream(event);
  if ('detail-type' in event) return event['detail-type'] === 'ECS Task State Change' ? onTask(event) : onExecution(event);
  return sweep(context);
}

/** The next of the sequence can start. A record is only a hint: everything is read again. */
async function onStream({ Records: records }: StreamEvent): Promise<object> {
  const sequences = new Map<string, { type: string; files: string[]; number: string }>();
  for (const { dynamodb: { NewImage: image, SequenceNumber: number } } of records) {
    const { id, type, sequence } = { id: image?.['id']?.S, type: image?.['type']?.S, sequence: image?.['sequence']?.S };
    if (id === undefined || type === undefined || sequence === undefined) continue;
    sequences.set(sequence, { type, number, files: [...sequences.get(sequence)?.files ?? [], id] });
  }
  const results = await Promise.allSettled([...sequences].map(([sequence, { type, files }]) => parts().dispatcher.goOn(type, sequence, files)));
  const failed = [...sequences.values()].map(({ number }) => number).filter((_, index) => results[index]?.status === 'rejected');
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

async function onTask({ detail }: TaskEvent): Promise<undefined> {
  const state = stateOf(detail);
  const started = new RegExp(`^${variable(DispatchFunctionEnv.startedBy)}/([a-z2-7]+)/(\\d+)$`).exec(detail.startedBy);
  if (state.kind !== 'over' || started === null) return undefined;
  const [, fileId, epoch] = started;
  const outcome = await parts().tender.hear(fileId, Number(epoch), detail.taskArn, state);
  log('INFO', 'task stopped', { fileId, epoch: Number(epoch), task: detail.taskArn, reason: state.reason, outcome });
  return undefined;
}

async function onExecution({ detail }: ExecutionEvent): Promise<undefined> {
  const started = new RegExp(`^${variable(DispatchFunctionEnv.executionPrefix)}-([a-z2-7]+)-(\\d+)$`).exec(detail.name);
  if (started === null) return undefined;
  const [, fileId, epoch] = started;
  const outcome = await parts().tender.hear(fileId, Number(epoch), detail.executionArn, stateOfExecution(detail));
  log('INFO', 'execution ended', { fileId, epoch: Number(epoch), execution: detail.executionArn, status: detail.status, outcome });
  return undefined;
}

async function sweep(context: Context): Promise<undefined> {
  const signal = AbortSignal.timeout(Math.max(1, context.getRemainingTimeInMillis() - SpareMs));
  await parts().dispatcher.tidy(types());
  await parts().tender.sweep(signal, (about, error) => log('ERROR', 'sweep: could not be looked after', { about, error: String(error) }));
  if (signal.aborted) {
    log('WARN', 'sweep: more was due than one round can look at; the next goes on');
    return undefined;
  }
  putMetrics({ ...await takeStock(), [DispatchMetrics.sweeps]: 1 });
  return undefined;
}

const types = () => Object.keys(JSON.parse(variable(DispatchFunctionEnv.launches)) as object);

/** What waits for a person, and how long the oldest file waits for its turn. */
async function takeStock(): Promise<Record<string, number>> {
  const { store } = parts();
  const count = async (status: 'blocked' | 'parked') => {
    let files = 0;
    for (const type of types()) {
      const found = store.troubled(type, status);
      while (await found.next().then(({ done }) => done !== true)) files += 1;
    }
    return files;
  };
  let oldest = Date.now();
  for await (const { first } of store.backlog()) oldest = Math.min(oldest, (await store.file(first))?.registeredAt ?? oldest);
  return {
    [DispatchMetrics.blockedFiles]: await count('blocked'), [DispatchMetrics.parkedFiles]: await count('parked'),
    [DispatchMetrics.oldestQueuedAge]: (Date.now() - oldest) / 1_000,
  };
}
