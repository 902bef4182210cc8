import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { type DispatchStateMachine, executionNameOf } from '../../contract/dispatch-config';
import type { JobObject } from '../../contract/job-message';
import type { FileRow } from '../../runtime/dispatch/rows';
import type { LaunchResult, TaskHost, TaskState } from '../../runtime/dispatch/task-host';
import { resultOfError } from './launch-error';

export interface StateMachineHostOptions {
  readonly client: SFNClient;
  readonly stateMachines: Readonly<Record<string, DispatchStateMachine>>;
  readonly executionPrefix: string;
}

/**
 * Input of the execution of a file. It must be the same for every launch of one epoch, so that Step Functions treats
 * them as one.
 */
export interface ExecutionInput {
  readonly fileId: string;
  readonly type: string;
  readonly epoch: number;
  readonly fence: number;
  readonly correlationId: string;
  readonly object: JobObject;
}

/**
 * Starts executions of standard workflows: one per name, which Step Functions keeps for 90 days after the execution
 * ended.
 */
export class StateMachineHost implements TaskHost {
  readonly #options: StateMachineHostOptions;

  constructor(options: StateMachineHostOptions) {
    this.#options = options;
  }

  async launch(file: FileRow): Promise<LaunchResult> {
    const { id, type, epoch, fence, object, correlationId } = file;
    const { stateMachineArn } = this.#options.stateMachines[type];
    const name = executionNameOf(this.#options.executionPrefix, id, epoch);
    const input: ExecutionInput = { fileId: id, type, epoch, fence: fence ?? epoch, correlationId, object };
    const worker = this.#nameOf(file);
    try {
      await this.#options.client.send(
        new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }),
      );
      return { kind: 'launched', ended: false, worker };
    } catch (error) {
      // It has ended: for a running execution, the call succeeds
      if (error instanceof ExecutionAlreadyExists) {
        return { kind: 'launched', ended: true, worker };
      }
      return this.#find(worker, resultOfError(error, /ExecutionLimitExceeded/));
    }
  }

  /** An earlier call may have started the execution, and only its reply been lost: the execution decides. */
  async #find(worker: string, failure: LaunchResult): Promise<LaunchResult> {
    if (failure.kind !== 'refused' && failure.kind !== 'misconfigured') {
      return failure;
    }
    try {
      const { status } = await this.#options.client.send(new DescribeExecutionCommand({ executionArn: worker }));
      return { kind: 'launched', ended: status !== 'RUNNING', worker };
    } catch (error) {
      return error instanceof ExecutionDoesNotExist
        ? failure
        : { kind: 'unknown', reason: `${failure.reason}; ${String(error)}` };
    }
  }

  tasksOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async cancel(file: FileRow, reason: string): Promise<boolean> {
    const worker = this.#nameOf(file);
    if ((await this.describe(worker)).kind !== 'working') {
      return true;
    }
    await this.stop(worker, reason);
    return (await this.describe(worker)).kind !== 'working';
  }

  #nameOf({ id, type, epoch }: FileRow): string {
    const { stateMachineArn } = this.#options.stateMachines[type];
    const name = executionNameOf(this.#options.executionPrefix, id, epoch);
    return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  }

  async describe(worker: string): Promise<TaskState> {
    try {
      return stateOfExecution(await this.#options.client.send(new DescribeExecutionCommand({ executionArn: worker })));
    } catch (error) {
      if (!(error instanceof ExecutionDoesNotExist)) {
        throw error;
      }
      return {
        kind: 'stopped',
        reason: 'the execution does not exist; Step Functions deletes executions 90 days after their end',
        interrupted: false,
      };
    }
  }

  async stop(worker: string, cause: string): Promise<void> {
    await this.#options.client.send(
      new StopExecutionCommand({ executionArn: worker, error: 'Fileworks.Stopped', cause }),
    );
  }
}

/** State of an execution, from an API response or an event. */
export function stateOfExecution({
  status,
  error,
  cause,
}: {
  status?: string;
  error?: string | null;
  cause?: string | null;
}): TaskState {
  if (status === 'SUCCEEDED') {
    return { kind: 'done' };
  }
  if (status !== 'FAILED' && status !== 'TIMED_OUT' && status !== 'ABORTED') {
    return { kind: 'working' };
  }
  const details = [error, cause].filter((text) => typeof text === 'string' && text !== '').join(': ');
  return {
    kind: 'stopped',
    reason: `${status}: ${details === '' ? 'no reason given' : details.slice(0, MAX_REASON)}`,
    interrupted: false,
  };
}

/** A cause can contain a stack trace of 32,768 characters. */
const MAX_REASON = 1_000;
