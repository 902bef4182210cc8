import {
  type Arrival,
  type FilePolicy,
  type FileRow,
  type FileStatus,
} from '../../../../src/runtime/dispatch/index.js';

export const policy: FilePolicy = {
  maxAttempts: 2,
  exhausted: 'park',
  backoffMs: 30_000,
  maxBackoffMs: 900_000,
  hangTimeoutMs: 900_000,
  maxRuntimeMs: 86_400_000,
};

export function arrival(id: string, more: Partial<Arrival> = {}): Arrival {
  return {
    id,
    type: 'A',
    sequence: 'A',
    slots: 1,
    order: id,
    object: { bucket: 'inbox', key: `a/${id}.csv` },
    policy,
    late: 'run-next',
    overwrite: 'each',
    correlationId: `event-${id}`,
    ...more,
  };
}

/** A file in a status, with everything that a file of that status has. */
export function fileIn(status: FileStatus, more: Partial<FileRow> = {}): FileRow {
  const started = status !== 'queued';
  const began = status === 'running' || status === 'completed';
  return {
    id: 'one',
    type: 'A',
    sequence: 'A',
    slots: 1,
    order: '1',
    status,
    rev: 7,
    epoch: started ? 3 : 0,
    attempts: started ? 1 : 0,
    interruptions: 0,
    ...(started && { slot: 0, fence: 5 }),
    ...(began && { worker: 'task-1', beganAt: 1_000 }),
    object: { bucket: 'inbox', key: 'a/one.csv' },
    policy,
    correlationId: 'event-1',
    registeredAt: 0,
    updatedAt: 0,
    ...more,
  };
}
