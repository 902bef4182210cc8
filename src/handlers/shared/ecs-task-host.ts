import { createHash } from 'node:crypto';
import {
  ConflictException,
  type ContainerOverride,
  DescribeTasksCommand,
  type ECSClient,
  type Failure,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { type DispatchLaunch, gatedBy, gateOf, startedByOf } from '../../contract/dispatch-config';
import { DispatchEnv } from '../../contract/dispatch-env';
import type { FileRow } from '../../runtime/dispatch/rows';
import type { LaunchedTask, LaunchResult, TaskHost, TaskState } from '../../runtime/dispatch/task-host';
import { resultOfError } from './launch-error';

/** Stop codes that do not count as a failed attempt of the file. */
const INTERRUPTIONS: ReadonlySet<string> = new Set(['SpotInterruption', 'TerminationNotice']);
const ON_DEMAND = [{ capacityProvider: 'FARGATE', weight: 1 }];
const MAX_OVERRIDES_CHARACTERS = 8_192;
/** Reasons for missing capacity, in a response or in the stop reason of a task that could not be placed. */
const NO_CAPACITY = /capacity is unavailable|limit on the number of|vCPU/i;

export interface EcsTaskHostOptions {
  readonly client: ECSClient;
  readonly launches: Readonly<Record<string, DispatchLaunch | undefined>>;
  readonly startedBy: string;
  /** Environment variables of every container, in addition to those of its file. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts ECS tasks, at most one for each client token while ECS keeps the token. */
export class EcsTaskHost implements TaskHost {
  readonly #options: EcsTaskHostOptions;

  constructor(options: EcsTaskHostOptions) {
    this.#options = options;
  }

  async launch(file: FileRow): Promise<LaunchResult> {
    const launch = this.#options.launches[file.type];
    if (launch === undefined) {
      return { kind: 'misconfigured', reason: `type ${file.type} no longer has a target` };
    }
    const request = this.#request(file, launch);
    if (JSON.stringify(request.overrides).length > MAX_OVERRIDES_CHARACTERS) {
      return {
        kind: 'misconfigured',
        reason: `the overrides of the task are longer than ${MAX_OVERRIDES_CHARACTERS} characters`,
      };
    }
    try {
      const { tasks = [], failures = [] } = await this.#options.client.send(new RunTaskCommand(request));
      if (tasks.length > 0) {
        return { kind: 'launched', ended: tasks[0].lastStatus === 'STOPPED' };
      }
      return refusalOf(failures);
    } catch (error) {
      // The token was used with other parameters before a deployment: its task exists
      if (error instanceof ConflictException) {
        return { kind: 'launched', ended: false };
      }
      return resultOfError(error, NO_CAPACITY);
    }
  }

  async tasksOf(file: FileRow): Promise<LaunchedTask[]> {
    const launch = this.#options.launches[file.type];
    if (launch === undefined) {
      return [];
    }
    // RUNNING is the default status; `startedBy` must be the only filter
    const { taskArns = [] } = await this.#options.client.send(
      new ListTasksCommand({ cluster: launch.cluster, startedBy: this.#startedBy(file) }),
    );
    if (taskArns.length === 0) {
      return [];
    }
    const { tasks = [] } = await this.#options.client.send(
      new DescribeTasksCommand({ cluster: launch.cluster, tasks: taskArns }),
    );
    const startOf = new Map(tasks.map(({ taskArn, startedAt }) => [taskArn, startedAt?.getTime()]));
    return taskArns.map((worker) => {
      const startedAt = startOf.get(worker);
      return { worker, ...(startedAt !== undefined && { startedAt }) };
    });
  }

  async cancel(file: FileRow, reason: string): Promise<boolean> {
    const tasks = await this.tasksOf(file);
    await Promise.all(tasks.map(({ worker }) => this.stop(worker, reason)));
    return tasks.length === 0;
  }

  async describe(worker: string): Promise<TaskState> {
    const { tasks = [], failures = [] } = await this.#options.client.send(
      new DescribeTasksCommand({ cluster: clusterOf(worker), tasks: [worker] }),
    );
    if (tasks.length > 0) {
      return stateOf(tasks[0]);
    }
    const reason = failures.at(0)?.reason;
    if (reason === 'MISSING') {
      return {
        kind: 'stopped',
        reason: 'the task does not exist; ECS deletes tasks an hour after they stopped',
        interrupted: false,
      };
    }
    throw new Error(`ECS did not describe ${worker}: ${reason ?? 'no reason given'}`);
  }

  async stop(worker: string, reason: string): Promise<void> {
    await this.#options.client.send(new StopTaskCommand({ cluster: clusterOf(worker), task: worker, reason }));
  }

  #startedBy({ id, epoch }: FileRow): string {
    return startedByOf(this.#options.startedBy, id, epoch);
  }

  #request(file: FileRow, launch: DispatchLaunch): RunTaskCommandInput {
    const startedBy = this.#startedBy(file);
    return {
      cluster: launch.cluster,
      taskDefinition: launch.taskDefinition,
      count: 1,
      enableECSManagedTags: true,
      propagateTags: 'TASK_DEFINITION',
      clientToken: tokenOf(startedBy),
      startedBy,
      // Must be the same in every call with the token: interruptions change only with the epoch
      capacityProviderStrategy:
        launch.fallbackToOnDemand === true && file.interruptions > 0 ? ON_DEMAND : [...launch.capacity],
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: [...launch.subnets],
          securityGroups: [...launch.securityGroups],
          assignPublicIp: launch.assignPublicIp ? 'ENABLED' : 'DISABLED',
        },
      },
      overrides: { containerOverrides: this.#overrides(file, launch) },
    };
  }

  /** Only the container that begins the turn accesses the rows: the container itself, or its gate. */
  #overrides({ id, epoch, fence, object }: FileRow, { container, gated }: DispatchLaunch): ContainerOverride[] {
    const turn = { [DispatchEnv.fileId]: id, [DispatchEnv.epoch]: String(epoch) };
    const file = {
      ...turn,
      [DispatchEnv.fence]: String(fence ?? epoch),
      [DispatchEnv.bucket]: object.bucket,
      [DispatchEnv.key]: object.key,
      ...(object.versionId !== undefined && { [DispatchEnv.versionId]: object.versionId }),
    };
    const { environment } = this.#options;
    return gated === true
      ? [overrideOf(container, file), overrideOf(gateOf(container), { ...environment, ...turn })]
      : [overrideOf(container, { ...environment, ...file })];
  }
}

/**
 * 64 characters, the maximum of ECS. The token includes the dispatcher, because a second one in the cluster may launch
 * the same file.
 */
const tokenOf = (startedBy: string) => createHash('sha256').update(startedBy).digest('hex');

const overrideOf = (name: string, environment: Readonly<Record<string, string>>): ContainerOverride => ({
  name,
  environment: Object.entries(environment).map(([variable, value]) => ({ name: variable, value })),
});

/** The fields of an ECS task that are read here. */
export interface EcsTaskDescription {
  readonly lastStatus?: string | undefined;
  readonly stopCode?: string | undefined;
  readonly stoppedReason?: string | undefined;
  readonly containers?:
    readonly { readonly name?: string | undefined; readonly exitCode?: number | undefined }[] | undefined;
}

/**
 * State of a task, from an API response or an event. For a container with a gate that exited by itself, the exit code
 * shows whether it succeeded.
 */
export function stateOf({ lastStatus, stopCode, stoppedReason, containers = [] }: EcsTaskDescription): TaskState {
  const gate = containers.find(({ name = '' }) => gatedBy(name) !== undefined);
  if (lastStatus !== 'STOPPED') {
    return { kind: gate === undefined ? 'alive' : 'working' };
  }
  const worker = gate && containers.find(({ name }) => name === gatedBy(gate.name ?? ''));
  if (gate?.exitCode === 0 && worker?.exitCode === 0 && stopCode === 'EssentialContainerExited') {
    return { kind: 'done' };
  }
  const code = worker?.exitCode === undefined ? '' : ` (exit code ${worker.exitCode} of ${worker.name ?? ''})`;
  return {
    kind: 'stopped',
    reason: `${stopCode ?? 'stopped'}: ${stoppedReason ?? 'no reason given'}${code}`,
    interrupted: INTERRUPTIONS.has(stopCode ?? '') || NO_CAPACITY.test(stoppedReason ?? ''),
  };
}

/** Responses with HTTP 200 can contain failures: no capacity, or a target that does not exist. */
function refusalOf(failures: readonly Failure[]): LaunchResult {
  const reason =
    failures.map(({ reason: why, detail }) => [why, detail].filter(Boolean).join(': ')).join('; ') ||
    'ECS started no task and gave no reason';
  return { kind: 'refused', reason };
}

/** `arn:aws:ecs:<region>:<account>:task/<cluster>/<id>` */
function clusterOf(worker: string): string {
  const cluster = /:task\/([^/]+)\/[^/]+$/.exec(worker)?.[1];
  if (cluster === undefined) {
    throw new Error(`expected the ARN of a task, got: ${worker}`);
  }
  return cluster;
}
