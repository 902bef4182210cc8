import { join } from 'node:path';
import { DeleteRolePolicyCommand, GetRolePolicyCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import {
  type Message,
  DeleteMessageCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type Denial, LocalCloud } from '../../src';
import { FIXTURES, TOOLS, until } from './cloud';

/** An app whose state machine, rules and schedules call other services; each statement of a role is its own policy. */
export const SERVICE_CALLS = join(FIXTURES, 'service-calls');

export class ServiceCalls {
  static async start(): Promise<ServiceCalls> {
    const cloud = await LocalCloud.start({
      app: SERVICE_CALLS,
      tasks: { tasks: [{ container: 'work', command: [process.execPath, '-e', '0'] }] },
      toolsDir: TOOLS,
    });
    return new ServiceCalls(cloud);
  }

  readonly outputs: Readonly<Record<string, string>>;
  readonly #iam: IAMClient;
  readonly #sfn: SFNClient;
  readonly #sqs: SQSClient;

  private constructor(readonly cloud: LocalCloud) {
    this.outputs = cloud.outputs('Calls');
    this.#iam = new IAMClient(cloud.clientConfig());
    this.#sfn = new SFNClient(cloud.clientConfig());
    this.#sqs = new SQSClient(cloud.clientConfig());
  }

  async stop(): Promise<void> {
    [this.#iam, this.#sfn, this.#sqs].forEach((client) => client.destroy());
    await this.cloud.stop();
  }

  /** Runs `act` while a role lacks one of its statements. */
  async without<T>(role: string, policy: string, act: () => Promise<T>): Promise<T> {
    const name = { RoleName: this.outputs[role], PolicyName: policy };
    const { PolicyDocument: document } = await this.#iam.send(new GetRolePolicyCommand(name));
    await this.#iam.send(new DeleteRolePolicyCommand(name));
    try {
      return await act();
    } finally {
      await this.#iam.send(new PutRolePolicyCommand({ ...name, PolicyDocument: decodeURIComponent(document!) }));
    }
  }

  /** The outcome of an execution whose only state makes the call. */
  async execute(call: string): Promise<{ status?: string; error?: string; cause?: string; output?: string }> {
    const { executionArn } = await this.#sfn.send(
      new StartExecutionCommand({ stateMachineArn: this.outputs.MachineArn, input: JSON.stringify({ call }) }),
    );
    return until(async () => {
      const execution = await this.#sfn.send(new DescribeExecutionCommand({ executionArn }));
      return execution.status !== 'RUNNING' && execution;
    }, `the end of ${call}`);
  }

  /** The next message of a queue, which is deleted. */
  receive(queue: 'QueueUrl' | 'DeadLettersUrl'): Promise<Message> {
    const queueUrl = this.outputs[queue];
    return until(async () => {
      const { Messages: messages = [] } = await this.#sqs.send(
        new ReceiveMessageCommand({ QueueUrl: queueUrl, MessageAttributeNames: ['All'] }),
      );
      const message = messages.at(0);
      if (message) {
        await this.#sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }));
      }
      return message;
    }, `a message in ${queue}`);
  }

  async purge(): Promise<void> {
    for (const queue of ['QueueUrl', 'DeadLettersUrl']) {
      await this.#sqs.send(new PurgeQueueCommand({ QueueUrl: this.outputs[queue] }));
    }
  }

  denial(principal: RegExp, action: string): Promise<Denial> {
    return until(
      () => this.cloud.denials().find((denial) => denial.action === action && principal.test(denial.principal)),
      `the denial of ${action}`,
    );
  }
}

/** The values of the message's attributes. */
export function attributesOf({ MessageAttributes: attributes = {} }: Message): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(attributes).map(([name, { StringValue: value }]) => [name, value]));
}
