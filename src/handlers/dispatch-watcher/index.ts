import { DispatchFunctionEnv, DispatchMetrics, DispatchSweep } from '../../contract/dispatch-config';
import { DispatchStateEnv } from '../../contract/dispatch-env';
import { createTaskSupervisor } from '../shared/dispatch-task-supervisor';
import { lazy } from '../shared/dispatch-parts';
import { stateOf, type EcsTaskDescription } from '../shared/ecs-task-host';
import { stateOfExecution } from '../shared/state-machine-host';
import { numberVariable, variable } from '../shared/environment';
import { log } from '../shared/log';
import { regroup } from './regroup';
import { putMetrics } from '../shared/dispatch-metrics';
import { Outages } from '../shared/outages';

const parts = lazy(createTaskSupervisor);
const outages = new Outages();

interface Context {
  getRemainingTimeInMillis(): number;
}

interface StreamRecord {
  readonly dynamodb: {
    readonly SequenceNumber: string;
    readonly NewImage?: Readonly<Record<string, { readonly S?: string } | undefined>>;
  };
}

interface StreamEvent {
  readonly Records: readonly StreamRecord[];
}

interface TaskEvent {
  readonly 'detail-type': 'ECS Task State Change';
  readonly detail: EcsTaskDescription & { readonly taskArn: string; readonly startedBy: string };
}

interface ExecutionEvent {
  readonly 'detail-type': 'Step Functions Execution Status Change';
  readonly detail: {
    readonly executionArn: string;
    readonly name: string;
    readonly status: string;
    readonly error?: string | null;
    readonly cause?: string | null;
  };
}

type WatchedEvent = StreamEvent | TaskEvent | ExecutionEvent | typeof DispatchSweep;

/** Interval of sweeps. */
const SWEEP_MS = 60_000;
/** Time reserved for the end of a sweep; the next sweep continues. */
const SPARE_MS = 5_000;

/** Processes events of files and tasks, and sweeps for lost events. */
export async function handler(event: WatchedEvent, context: Context): Promise<object | undefined> {
  if ('Records' in event) {
    return onStream(event);
  }
  if ('detail-type' in event) {
    return event['detail-type'] === 'ECS Task State Change' ? onTask(event) : onExecution(event);
  }
  try {
    const isComplete = await sweep(context);
    if (isComplete) {
      outages.answered();
    }
  } catch (error) {
    // The next sweep is due in a minute; a retry would only call the dependency more often
    if (!outages.met(error)) {
      throw error;
    }
  }
  return undefined;
}

const END_METRICS = {
  completed: DispatchMetrics.filesCompleted,
  skipped: DispatchMetrics.filesSkipped,
  parked: DispatchMetrics.filesParked,
} as const;

/** Starts the next files of sequences. A stream record is only a trigger: all state is read again. */
async function onStream({ Records: records }: StreamEvent): Promise<object> {
  const sequences = new Map<string, { type: string; files: string[]; number: string }>();
  for (const {
    dynamodb: { NewImage: image, SequenceNumber: number },
  } of records) {
    const { id, type, sequence, status } = {
      id: image?.['id']?.S,
      type: image?.['type']?.S,
      sequence: image?.['sequence']?.S,
      status: image?.['status']?.S,
    };
    if (type !== undefined && isEnd(status)) {
      putMetrics({ [END_METRICS[status]]: 1 }, type);
    }
    if (id === undefined || type === undefined || sequence === undefined) {
      continue;
    }
    sequences.set(sequence, { type, number, files: [...(sequences.get(sequence)?.files ?? []), id] });
  }
  const results = await Promise.allSettled(
    [...sequences].map(([sequence, { type, files }]) => parts().dispatcher.continueSequence(type, sequence, files)),
  );
  const failed = [...sequences.values()]
    .map(({ number }) => number)
    .filter((_, index) => {
      const result = results[index];
      // If a dependency is unavailable, the sweeper continues the sequence
      return result.status === 'rejected' && !outages.met(result.reason);
    });
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

const isEnd = (status: string | undefined): status is keyof typeof END_METRICS =>
  status !== undefined && Object.hasOwn(END_METRICS, status);

async function onTask({ detail }: TaskEvent): Promise<undefined> {
  const state = stateOf(detail);
  const started = new RegExp(`^${variable(DispatchFunctionEnv.startedBy)}/([a-z2-7]+)/(\\d+)$`).exec(detail.startedBy);
  if ((state.kind !== 'stopped' && state.kind !== 'done') || started === null) {
    return undefined;
  }
  const [, fileId, epoch] = started;
  const outcome = await parts().supervisor.handleTaskState(fileId, Number(epoch), detail.taskArn, state);
  log('INFO', 'task stopped', {
    fileId,
    epoch: Number(epoch),
    task: detail.taskArn,
    reason: 'reason' in state ? state.reason : 'exit code 0',
    outcome,
  });
  return undefined;
}

async function onExecution({ detail }: ExecutionEvent): Promise<undefined> {
  const started = new RegExp(`^${variable(DispatchFunctionEnv.executionPrefix)}-([a-z2-7]+)-(\\d+)$`).exec(detail.name);
  if (started === null) {
    return undefined;
  }
  const [, fileId, epoch] = started;
  const outcome = await parts().supervisor.handleTaskState(
    fileId,
    Number(epoch),
    detail.executionArn,
    stateOfExecution(detail),
  );
  log('INFO', 'execution ended', {
    fileId,
    epoch: Number(epoch),
    execution: detail.executionArn,
    status: detail.status,
    outcome,
  });
  return undefined;
}

/** Whether all due files were checked, and no dependency was unavailable. */
async function sweep(context: Context): Promise<boolean> {
  const signal = AbortSignal.timeout(Math.max(1, context.getRemainingTimeInMillis() - SPARE_MS));
  await parts().dispatcher.releaseStalePlaces(types());
  let isAnswered = true;
  await parts().supervisor.sweep(signal, (about, error) => {
    log('ERROR', 'sweep: check failed', { about, error: String(error) });
    isAnswered = !outages.met(error) && isAnswered;
  });
  if (signal.aborted) {
    log('WARN', 'sweep: not all due files were checked in time; the next sweep continues');
    return false;
  }
  await regroup(parts(), JSON.parse(variable(DispatchFunctionEnv.groupings)) as Record<string, string>);
  await reportBacklog();
  await maintainDatabase();
  putMetrics({ [DispatchMetrics.sweeps]: 1 });
  return isAnswered;
}

const types = () => Object.keys(JSON.parse(variable(DispatchFunctionEnv.launches)) as object);

/**
 * Delay after which ended files are counted, so that concurrent ends are counted in the next sweep; a larger clock skew
 * omits files from the metric.
 */
const COUNTED_AFTER_MS = 10_000;
let countedUntil: number | undefined;

/** A database has neither a change stream for ended turns nor expiry. */
async function maintainDatabase(): Promise<void> {
  const { database } = parts();
  if (database === undefined) {
    return;
  }
  const until = Date.now() - COUNTED_AFTER_MS;
  for (const { type, status, files } of await database.ended(countedUntil ?? until - SWEEP_MS, until)) {
    putMetrics({ [END_METRICS[status]]: files }, type);
  }
  countedUntil = until;
  await database.expire(Date.now() - numberVariable(DispatchStateEnv.retentionSeconds) * 1_000);
}

interface BacklogCounts {
  blocked: number;
  parked: number;
  /** Registration time of the oldest queued file. */
  oldest: number;
}

/**
 * Reports blocked and parked files and the age of the oldest queued file, per type and in total, including former
 * types.
 */
async function reportBacklog(): Promise<void> {
  const { store } = parts();
  const now = Date.now();
  const countsByType = new Map<string, BacklogCounts>();
  const countsOf = (type: string): BacklogCounts => {
    const counts = countsByType.get(type) ?? { blocked: 0, parked: 0, oldest: now };
    countsByType.set(type, counts);
    return counts;
  };
  types().forEach(countsOf);
  for (const status of ['blocked', 'parked'] as const) {
    for await (const { type } of store.listFailed(status)) {
      countsOf(type)[status] += 1;
    }
  }
  for await (const { first } of store.backlog()) {
    const file = await store.file(first);
    if (file === undefined) {
      continue;
    }
    const counts = countsOf(file.type);
    counts.oldest = Math.min(counts.oldest, file.registeredAt);
  }
  const all = [...countsByType.values()];
  const total: BacklogCounts = {
    blocked: sum(all.map(({ blocked }) => blocked)),
    parked: sum(all.map(({ parked }) => parked)),
    oldest: Math.min(now, ...all.map(({ oldest }) => oldest)),
  };
  putMetrics({
    ...metricsOf(now, total),
    [DispatchMetrics.pausedScopes]: Object.keys((await store.pauses())?.scopes ?? {}).length,
  });
  for (const [type, counts] of countsByType) {
    putMetrics(metricsOf(now, counts), type);
  }
}

const metricsOf = (now: number, { blocked, parked, oldest }: BacklogCounts) => ({
  [DispatchMetrics.blockedFiles]: blocked,
  [DispatchMetrics.parkedFiles]: parked,
  [DispatchMetrics.oldestQueuedAge]: (now - oldest) / 1_000,
});

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
