import { createHash } from 'node:crypto';
import {
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  paginateListExecutions,
  type DescribeExecutionOutput,
  type ExecutionListItem,
  type ExecutionStatus,
} from '@aws-sdk/client-sfn';
import { ObjectTaskStates, SupervisedJobStates } from '../../../src/contract/run-states';
import { subjectOf } from './message';
import { findExecution, startExecution } from '../executions';
import type { Pipeline } from '../pipeline';
import { eachOf } from '../support/batches';
import type { Clients } from '../support/clients';
import type { FailedItem } from './failed-item';
import { oneByOne } from './paced';
import { scanPages, type RerunSource } from './source';

/** An execution that failed; it is run again with the current version of the state machine. */
interface FailedExecution extends FailedItem {
  readonly rerunName: string;
}

interface Machine {
  readonly name: string;
  readonly arn: string;
  /** Failed executions of an object task send their event to a dead-letter queue, which is a source of its own. */
  readonly hasDeadLetters: boolean;
}

const FAILED: readonly ExecutionStatus[] = ['FAILED', 'TIMED_OUT', 'ABORTED'];
/** As long as dead-letter messages are kept. */
const MAX_AGE_MS = 14 * 86_400_000;
const PAGE_SIZE = 100;
/** The end of the execution, the exit of its last state if it has one, and the entry of that state. */
const LAST_EVENTS = 3;

/** Sources of the executions of object tasks and of supervised jobs. */
export async function failedExecutions(clients: Clients, pipeline: Pipeline): Promise<RerunSource[]> {
  const machines = await eachOf(
    pipeline.ofType('AWS::StepFunctions::StateMachine', 'StateMachine'),
    async ({ name, physicalId: arn }): Promise<Machine[]> => {
      const { definition = '{}' } = await clients.stepFunctions.send(
        new DescribeStateMachineCommand({ stateMachineArn: arn }),
      );
      const { States: states = {} } = JSON.parse(definition) as { readonly States?: object };
      const hasDeadLetters = ObjectTaskStates.deadLetter in states && ObjectTaskStates.work in states;
      return hasDeadLetters || SupervisedJobStates.supervise in states ? [{ name, arn, hasDeadLetters }] : [];
    },
  );
  return machines.flat().map((machine) => executionsOf(clients, machine));
}

const executionsOf = (clients: Clients, machine: Machine): RerunSource<FailedExecution> => ({
  name: machine.name,
  kind: 'executions',
  scan: (options, handle) => scanPages(pagesOf(clients, machine), options, handle),
  rerun: (items) => oneByOne(items, ({ rerunName, body }) => startExecution(clients, machine.arn, rerunName, body)),
});

async function* pagesOf(clients: Clients, machine: Machine): AsyncGenerator<FailedExecution[]> {
  const oldest = Date.now() - MAX_AGE_MS;
  for (const statusFilter of FAILED) {
    for await (const { executions = [] } of paginateListExecutions(
      { client: clients.stepFunctions, pageSize: PAGE_SIZE },
      { stateMachineArn: machine.arn, statusFilter },
    )) {
      const recent = executions.filter(({ stopDate }) => (stopDate?.getTime() ?? 0) > oldest);
      yield (await eachOf(recent, (one) => describe(clients, machine, one))).flat();
    }
  }
}

async function describe(
  clients: Clients,
  { hasDeadLetters }: Machine,
  { executionArn = '', name = '', status }: ExecutionListItem,
): Promise<FailedExecution[]> {
  // The failed state follows the one that sends the dead-letter message
  if (hasDeadLetters && status === 'FAILED' && (await endedIn(clients, executionArn, ObjectTaskStates.failed))) {
    return [];
  }
  const rerunName = await nameOfRerun(clients, executionArn);
  const found = await findExecution(clients, executionArn);
  if (found === undefined || rerunName === undefined) {
    return [];
  }
  const { input: body = '{}', stopDate = new Date(0) } = found;
  return [{ id: name, rerunName, failedAt: stopDate, body, reason: reasonOf(found), ...subjectOf(body) }];
}

/** Whether this is the last state of an execution. */
async function endedIn(clients: Clients, executionArn: string, name: string): Promise<boolean> {
  const { events = [] } = await clients.stepFunctions.send(
    new GetExecutionHistoryCommand({
      executionArn,
      reverseOrder: true,
      maxResults: LAST_EVENTS,
      includeExecutionData: false,
    }),
  );
  return events.some(({ stateEnteredEventDetails: state }) => state?.name === name);
}

/**
 * The name of the next rerun, or undefined if one was started: each rerun of an execution has the same name, so that
 * Step Functions starts one. A rerun that was skipped, because another run was running, does not count.
 */
async function nameOfRerun(clients: Clients, executionArn: string): Promise<string | undefined> {
  const name = `rerun-${createHash('sha256').update(executionArn).digest('hex').slice(0, 40)}`;
  const arn = `${executionArn.slice(0, executionArn.lastIndexOf(':'))}:${name}`;
  const started = await findExecution(clients, arn);
  if (started === undefined) {
    return name;
  }
  const skipped = started.status === 'SUCCEEDED' && (await endedIn(clients, arn, SupervisedJobStates.skipped));
  return skipped ? nameOfRerun(clients, arn) : undefined;
}

function reasonOf({ status, error, cause }: DescribeExecutionOutput): string {
  return [error ?? status, causeOf(cause)].filter((part) => part !== undefined && part !== '').join(': ');
}

/** Step Functions reports the whole task as the cause of a failure; its reason and exit codes are what counts. */
function causeOf(cause: string | undefined): string | undefined {
  try {
    const { StoppedReason: stopped, Containers: containers = [] } = JSON.parse(cause ?? '') as {
      readonly StoppedReason?: string;
      readonly Containers?: readonly { readonly Name?: string; readonly ExitCode?: number; readonly Reason?: string }[];
    };
    const codes = containers
      .filter(({ ExitCode: code, Reason: reason }) => (code ?? 0) !== 0 || reason !== undefined)
      .map(({ Name: name, ExitCode: code, Reason: reason }) =>
        [name, code === undefined ? undefined : `exit code ${code}`, reason].filter(Boolean).join(': '),
      );
    return [stopped, ...codes].filter(Boolean).join('; ');
  } catch {
    return cause;
  }
}
