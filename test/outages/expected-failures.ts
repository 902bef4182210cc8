// Cells that are known to break the promise, with the reason. One that keeps it fails the run, so that its line goes.
import { type Cell, nameOf } from './cell.ts';
import type { DurationName } from './cells.ts';

export interface ExpectedFailure {
  /** Of the names of cells. */
  readonly cells: RegExp;
  /** Default: all. */
  readonly durations?: readonly DurationName[];
  readonly because: string;
}

export const EXPECTED_FAILURES: readonly ExpectedFailure[] = [
  {
    cells: /^queue worker \/ S3 results \/ denied$/,
    durations: ['1h', '6h', '13h'],
    because:
      'with two tasks, the service scales out and in again during the outage, so more than one task probes after ten minutes',
  },
  {
    cells: /^queue worker \/ DynamoDB \/ hang$/,
    durations: ['1h', '6h', '13h'],
    because:
      'a run that hangs for longer than two minutes counts as answered, so the wait begins again, and the alarm is late',
  },
  {
    cells: /^(?:object task|scheduled job|batches) \/ Step Functions \//,
    durations: ['10min', '1h', '6h', '13h'],
    because:
      'EventBridge keeps the events and tries again, for up to 24 hours (schedules: maxEventAge); no metric of ours shows its retries, so there is no alarm until it gives up or a run is missed',
  },
  {
    cells: /^dispatcher \/ (?:S3 source|S3 results|HTTP API|PostgreSQL) \//,
    durations: ['10min', '1h', '6h', '13h'],
    because:
      'a task does not wait for its dependency: its file is launched again, after up to 15 minutes, and no task reports the outage, so there is no alarm',
  },
  {
    cells: /^dispatcher \/ RunTask \//,
    durations: ['10min', '1h', '6h', '13h'],
    because: 'a file that ECS refuses to start is launched again after up to 15 minutes, and no alarm is that early',
  },
  {
    cells: /^dispatcher \/ SQS \//,
    durations: ['10min', '1h', '6h', '13h'],
    because: 'the age of the oldest event has an alarm after ten minutes only',
  },
];

/** Why a cell is expected to fail, if it is. */
export const reasonOf = (cell: Cell, duration: DurationName): string | undefined =>
  EXPECTED_FAILURES.find(({ cells, durations }) => cells.test(nameOf(cell)) && (durations?.includes(duration) ?? true))
    ?.because;
