import { DescribeTasksCommand, ECSClient, RunTaskCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  DispatchFunctionEnv,
  type DispatchRule,
  type DispatchTargets,
  type DispatchWake,
} from '../../../src/contract/dispatch-config';
import { groupingOf } from '../../../src/contract/dispatch-grouping';
import { DispatchStateEnv } from '../../../src/contract/dispatch-env';
import { handler as ingress } from '../../../src/handlers/dispatch-ingress';
import { handler as launcher } from '../../../src/handlers/dispatch-launcher';
import { handler as operate } from '../../../src/handlers/dispatch-operator';
import { handler as watcher } from '../../../src/handlers/dispatch-watcher';
import { type FileHandler, runFileTask, type TurnSource } from '../../../src/runtime/dispatch/index.js';

export interface LaunchedTask {
  readonly arn: string;
  readonly startedBy: string;
  readonly env: Record<string, string>;
  readonly request: RunTaskCommand['input'];
}

export const launch = {
  cluster: 'cluster',
  taskDefinition: 'task:1',
  container: 'worker',
  subnets: [],
  securityGroups: [],
  assignPublicIp: false,
  capacity: [],
};

/** A sequential type that takes the keys below its own name. */
export const rule = (type: string, more: Partial<DispatchRule> = {}): DispatchRule => ({
  type,
  keys: [`^${type}/.*$`],
  slots: 1,
  settleSeconds: 0,
  late: 'run-next',
  maxAttempts: 2,
  exhausted: 'block',
  backoffSeconds: 1,
  maxBackoffSeconds: 1,
  hangTimeoutSeconds: 60,
  maxRuntimeSeconds: 3_600,
  ...more,
});

export const messages = (...bodies: string[]) => ({
  Records: bodies.map((body, index) => ({ messageId: `message-${index}`, body, attributes: { SentTimestamp: '0' } })),
});
export const s3Event = (key: string, second: number, type = 'Object Created') =>
  JSON.stringify({
    id: `event-${key}`,
    time: `2026-11-21T08:00:${String(second).padStart(2, '0')}Z`,
    'detail-type': type,
    detail: { bucket: { name: 'inbox' }, object: { key, size: 1, sequencer: String(second).padStart(4, '0') } },
  });

/** The functions on a real store, with ECS, Step Functions and SQS played by the test. Installs its own hooks. */
export class DispatchBench {
  readonly tasks: LaunchedTask[] = [];
  readonly sent: string[] = [];
  readonly executions: string[] = [];
  readonly wakes: string[] = [];
  readonly deadLetters: { body: string; reason: string }[] = [];
  /** Events that the ingress function sent anew. */
  readonly postponed: SendMessageCommand['input'][] = [];
  /** Tasks that ECS calls stopped, and those that it was asked to stop. */
  readonly stopped = new Set<string>();
  readonly asked: string[] = [];
  /** What the functions wrote to their logs. */
  readonly lines: Record<string, unknown>[] = [];
  /** Answers RunTask in place of a task that starts. */
  runTask: ((command: RunTaskCommand) => unknown) | undefined;
  readonly context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 60_000 };
  readonly #turns: () => Partial<TurnSource>;

  /** @param turns what workers are given */
  constructor(turns: () => Partial<TurnSource>) {
    this.#turns = turns;
    beforeEach(() => this.#play());
    afterEach(() => jest.restoreAllMocks());
  }

  /** Writes the environment of all functions; before any of them is invoked. */
  deploy(state: Readonly<Record<string, string>>, rules: readonly DispatchRule[], targets: DispatchTargets): void {
    Object.assign(process.env, {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      [DispatchStateEnv.wakeQueueUrl]: 'wakes',
      [DispatchStateEnv.retentionSeconds]: String(90 * 86_400),
      ...state,
      [DispatchFunctionEnv.deadLetterQueueUrl]: 'dead',
      [DispatchFunctionEnv.eventQueueUrl]: 'events',
      [DispatchFunctionEnv.startedBy]: 'fw/d',
      [DispatchFunctionEnv.name]: 'Dispatcher',
      [DispatchFunctionEnv.launchesPerSecond]: '500',
      [DispatchFunctionEnv.limits]: '{}',
      [DispatchFunctionEnv.executionPrefix]: 'D1',
      [DispatchFunctionEnv.groupings]: JSON.stringify(
        Object.fromEntries(rules.map((rule) => [rule.type, groupingOf({ ...rule, sequence: rule.type })])),
      ),
      [DispatchFunctionEnv.types]: JSON.stringify(rules.map(({ type }) => type)),
      [DispatchFunctionEnv.launches]: JSON.stringify(targets),
      [DispatchFunctionEnv.rules]: JSON.stringify({ rules, unmatched: 'dead-letter' }),
    });
  }

  ingress(...bodies: string[]) {
    return ingress(messages(...bodies));
  }

  operator(input: unknown) {
    return operate(input, this.context);
  }

  watcher(event: Parameters<typeof watcher>[0]) {
    return watcher(event, this.context);
  }

  launcher(...files: string[]) {
    return launcher(messages(...files.map((file) => JSON.stringify({ file }))));
  }

  /** Everything that was woken is looked after, as the launcher's queue does. */
  async launchAll(): Promise<void> {
    for (let rounds = 0; this.wakes.length > 0; rounds += 1) {
      if (rounds > 20) {
        throw new Error(`wake-ups without end: ${this.wakes.join(', ')}`);
      }
      expect(await this.launcher(...this.wakes.splice(0))).toEqual({ batchItemFailures: [] });
    }
  }

  /** Does what the container of a task does. */
  work({ env, arn: worker }: LaunchedTask, handler: FileHandler = () => Promise.resolve(undefined)): Promise<number> {
    return runFileTask(handler, { ...this.#turns(), env, worker, stop: new AbortController().signal });
  }

  /** The record of the table's stream. */
  end(sequence: string) {
    return this.watcher({
      Records: [
        {
          dynamodb: {
            SequenceNumber: '1',
            NewImage: { id: { S: 'any' }, type: { S: 'A' }, status: { S: 'completed' }, sequence: { S: sequence } },
          },
        },
      ],
    });
  }

  taskStopped(
    { arn, startedBy }: LaunchedTask,
    more: { stopCode?: string; stoppedReason?: string; containers?: { name: string; exitCode?: number }[] } = {},
  ) {
    const detail = { taskArn: arn, startedBy, lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited', ...more };
    return this.watcher({ 'detail-type': 'ECS Task State Change', detail });
  }

  /** Metrics that were written since the test began. */
  metrics(): Record<string, unknown>[] {
    return this.lines.filter((line) => '_aws' in line);
  }

  #play(): void {
    for (const list of [
      this.tasks,
      this.wakes,
      this.deadLetters,
      this.postponed,
      this.asked,
      this.lines,
      this.sent,
      this.executions,
    ]) {
      list.length = 0;
    }
    this.runTask = undefined;
    jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
      this.lines.push(JSON.parse(String(line)) as Record<string, unknown>);
      return true;
    });
    // Their overloads, one of which takes a callback, are too many for a mock
    const play = (answer: (command: unknown) => unknown) =>
      ((command: unknown) => new Promise((done) => done(answer(command)))) as never;
    jest
      .spyOn(SQSClient.prototype, 'send')
      .mockImplementation(play((command) => this.#take(command as SendMessageCommand)));
    jest.spyOn(ECSClient.prototype, 'send').mockImplementation(play((command) => this.#answerOfEcs(command)));
    jest.spyOn(SFNClient.prototype, 'send').mockImplementation(
      play((command) => {
        if (command instanceof StartExecutionCommand) {
          this.executions.push(command.input.name ?? '');
        }
        return command instanceof DescribeExecutionCommand ? { status: 'RUNNING' } : {};
      }),
    );
  }

  #take({ input }: SendMessageCommand): void {
    const { QueueUrl: url, MessageBody: body = '', MessageAttributes: attributes } = input;
    if (url === 'events') {
      this.postponed.push(input);
    } else if (url === 'files') {
      this.sent.push(body);
    } else if (url === 'wakes') {
      this.wakes.push((JSON.parse(body) as DispatchWake).file);
    } else {
      this.deadLetters.push({ body, reason: attributes?.['fileworks-poison-reason']?.StringValue ?? '' });
    }
  }

  #answerOfEcs(command: unknown): unknown {
    if (command instanceof RunTaskCommand) {
      return this.runTask?.(command) ?? { tasks: [{ taskArn: this.#run(command), lastStatus: 'PROVISIONING' }] };
    }
    if (command instanceof StopTaskCommand) {
      this.asked.push(command.input.task ?? '');
    }
    if (command instanceof DescribeTasksCommand) {
      return { tasks: command.input.tasks?.map((arn) => this.#told(arn)) };
    }
    return {};
  }

  #told(arn: string) {
    const overrides = this.tasks.find((task) => task.arn === arn)?.request.overrides?.containerOverrides ?? [];
    return {
      lastStatus: this.stopped.has(arn) ? 'STOPPED' : 'RUNNING',
      containers: overrides.map(({ name }) => ({ name })),
    };
  }

  #run({ input }: RunTaskCommand): string {
    const arn = `arn:aws:ecs:eu-central-1:111122223333:task/cluster/${input.clientToken ?? ''}`;
    const env = Object.fromEntries(
      (input.overrides?.containerOverrides?.[0]?.environment ?? []).map(({ name, value }) => [name ?? '', value ?? '']),
    );
    this.tasks.push({ arn, startedBy: input.startedBy ?? '', env, request: input });
    return arn;
  }
}
