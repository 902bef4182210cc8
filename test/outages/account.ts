// What sends jobs, and looks at what became of them, with the rights of the account. Buckets and queues go by the names
// of their outputs.
import { randomUUID } from 'node:crypto';
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateScheduleCommand, GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { LocalCloud } from 'fileworks-local';

/** The outputs of all stacks. */
export const outputsOf = (cloud: LocalCloud): Readonly<Partial<Record<string, string>>> =>
  Object.assign({}, ...cloud.stacks().map((name) => cloud.outputs(name))) as Record<string, string>;

export class Account {
  readonly cloud: LocalCloud;
  readonly outputs: Readonly<Partial<Record<string, string>>>;
  readonly #s3: S3Client;
  readonly #scheduler: SchedulerClient;
  readonly #sqs: SQSClient;
  readonly #secrets: SecretsManagerClient;
  readonly #lambda: LambdaClient;
  readonly #cloudwatch: CloudWatchClient;

  constructor(cloud: LocalCloud) {
    this.cloud = cloud;
    this.outputs = outputsOf(cloud);
    this.#s3 = new S3Client(cloud.clientConfig());
    this.#scheduler = new SchedulerClient(cloud.clientConfig());
    this.#sqs = new SQSClient(cloud.clientConfig());
    this.#secrets = new SecretsManagerClient(cloud.clientConfig());
    this.#lambda = new LambdaClient(cloud.clientConfig());
    this.#cloudwatch = new CloudWatchClient(cloud.clientConfig());
  }

  async putFile(bucket: string, key: string, body = 'file'): Promise<void> {
    await this.#s3.send(new PutObjectCommand({ Bucket: this.outputs[bucket], Key: key, Body: body }));
  }

  /** At most 1,000 files of a folder, without those of folders in it. */
  async countFiles(bucket: string, folder: string): Promise<number> {
    const request = new ListObjectsV2Command({ Bucket: this.outputs[bucket], Prefix: folder, Delimiter: '/' });
    return (await this.#s3.send(request)).Contents?.length ?? 0;
  }

  /** Invocations of functions, whose names an output lists, in a time of the clock. */
  async countInvocations(functions: string, from: number, to: number): Promise<number> {
    const counts = await Promise.all(
      (this.outputs[functions]?.split(',') ?? []).map(async (name) => {
        const { Datapoints: points = [] } = await this.#cloudwatch.send(
          new GetMetricStatisticsCommand({
            Namespace: 'AWS/Lambda',
            MetricName: 'Invocations',
            Dimensions: [{ Name: 'FunctionName', Value: name }],
            StartTime: new Date(from),
            EndTime: new Date(to),
            Period: 60,
            Statistics: ['Sum'],
          }),
        );
        return points.reduce((sum, { Sum: count = 0 }) => sum + count, 0);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Has a function start anew with its next invocation. */
  async restartFunction(name: string): Promise<void> {
    const FunctionName = this.outputs[name];
    const { Environment: { Variables = {} } = {} } = await this.#lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName }),
    );
    const Environment = { Variables: { ...Variables, RESTARTED: '1' } };
    await this.#lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment }));
  }

  /** Runs the target of a schedule once, now, as the schedule would. */
  async runOnce(schedule: string, input: object): Promise<void> {
    const { Target: target } = await this.#scheduler.send(new GetScheduleCommand({ Name: this.outputs[schedule] }));
    const now = new Date(this.cloud.clock.now());
    await this.#scheduler.send(
      new CreateScheduleCommand({
        Name: randomUUID(),
        ScheduleExpression: `at(${now.toISOString().slice(0, 19)})`,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { ...target!, Input: JSON.stringify({ ...input, scheduledTime: now }) },
      }),
    );
  }

  async putSecret(secret: string, value: string): Promise<void> {
    await this.#secrets.send(new PutSecretValueCommand({ SecretId: this.outputs[secret], SecretString: value }));
  }

  async sendMessage(queue: string, body: object): Promise<void> {
    await this.#sqs.send(new SendMessageCommand({ QueueUrl: this.outputs[queue], MessageBody: JSON.stringify(body) }));
  }

  /** Receives the messages that there are, and deletes them. */
  async receiveMessages(queue: string): Promise<readonly string[]> {
    const QueueUrl = this.outputs[queue];
    const { Messages: messages = [] } = await this.#sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    for (const { ReceiptHandle } of messages) {
      await this.#sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    return messages.map(({ Body: body = '' }) => body);
  }

  /** Invokes a function as EventBridge does: Lambda repeats it after an error. */
  async invokeLater(name: string, event: object): Promise<void> {
    await this.#lambda.send(
      new InvokeCommand({
        FunctionName: this.outputs[name],
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    );
  }

  async countMessages(queue: string): Promise<number> {
    const { Attributes: { ApproximateNumberOfMessages: count } = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: this.outputs[queue], AttributeNames: ['All'] }),
    );
    return Number(count);
  }
}
