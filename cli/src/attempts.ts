import { executionPage, logPage, taskPage } from '../../src/contract/console-links';
import type { DispatchedFile, EndedAttempt } from './dispatchers';

/** An attempt of a file, with pages of the console. */
export interface ShownAttempt extends EndedAttempt {
  /** The task or the execution. */
  readonly page?: string;
  readonly logPage?: string;
}

/** The last attempts that ended, the oldest first. */
export const attemptsOf = ({ lastAttempts = [] }: DispatchedFile): ShownAttempt[] =>
  lastAttempts.map((attempt) => ({ ...attempt, ...pageOf(attempt), ...logPageOf(attempt) }));

const TASK = /^arn:[^:]+:ecs:([^:]+):\d+:task\/([^/]+)\/([^/]+)$/;
const EXECUTION = /^arn:[^:]+:states:([^:]+):/;
const LOG = /^([^:]+):([^:]+):([^:]+)$/;

function pageOf({ worker = '' }: EndedAttempt): Pick<ShownAttempt, 'page'> {
  const [, region = '', cluster = '', id = ''] = TASK.exec(worker) ?? [];
  if (id !== '') {
    return { page: taskPage(region, cluster, id) };
  }
  const execution = EXECUTION.exec(worker)?.[1];
  return execution === undefined ? {} : { page: executionPage(execution, worker) };
}

function logPageOf({ log = '' }: EndedAttempt): Pick<ShownAttempt, 'logPage'> {
  const [, region = '', group = '', stream = ''] = LOG.exec(log) ?? [];
  return stream === '' ? {} : { logPage: logPage(region, group, stream) };
}
