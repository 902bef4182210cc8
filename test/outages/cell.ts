// One cell of the matrix: a construct meets a failure of a dependency.

/** How a dependency fails. */
export type Form =
  | 'denied'
  | 'throttled'
  | '503'
  | 'away'
  | 'hang'
  | 'disabled key'
  | 'locked'
  | 'out of connections'
  | 'read-only'
  | '401'
  | '403'
  | '429 with a time'
  | '429 with a date'
  | '429 without sense'
  | 'login page'
  | 'no capacity'
  /** It does not answer, and its secret changes in the meantime. */
  | 'secret rotated';

export type Dependency =
  | 'S3 results'
  | 'S3 source'
  | 'DynamoDB'
  | 'Secrets Manager'
  | 'SQS'
  | 'PostgreSQL'
  | 'HTTP API'
  /** Secrets that ECS reads at the start of a task. */
  | 'secrets at the start'
  | 'RunTask'
  /** What starts executions. */
  | 'Step Functions'
  | 'EventBridge'
  | 'SNS';

/** What a construct promises in a cell, where that differs between constructs. */
export interface Promised {
  /** The logical id of the alarm begins with that of the construct and this. */
  readonly alarm: string;
  /** Most tasks, or functions, that call the dependency at the same time. */
  readonly callers: number;
  /** Most of them that call it later than 25 minutes after the beginning. Default: no bound. */
  readonly lateCallers?: number;
}

export interface Cell extends Promised {
  /** Of the construct in the template, of prefixes and tables. */
  readonly id: string;
  readonly construct: string;
  readonly dependency: Dependency;
  readonly form: Form;
}

/** Jobs before, at the beginning, in the middle and at the end of an outage. */
export const JOBS = { before: 2, beginning: 5, middle: 2, end: 1 } as const;
export const ALL_JOBS = Object.values(JOBS).reduce((sum, count) => sum + count, 0);

/** For people, and for `--cells`. */
export const nameOf = ({ construct, dependency, form }: Cell): string => `${construct} / ${dependency} / ${form}`;
