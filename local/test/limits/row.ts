import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { IAMClient } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import type { LocalCloud } from '../../src';

/** A line of docs/local-cloud-limits.md. */
interface Limit {
  readonly service: string;
  /** What is limited, with the number. */
  readonly limit: string;
  /** AWS's page. */
  readonly page: string;
  /** AWS's error code. */
  readonly error: string;
}

/** A call that AWS refuses. */
export interface CallRow extends Limit {
  /** HTTP status; 0 for an error that an execution or a function reports. */
  readonly status: number;
  /** The call in a few words. */
  readonly call: string;
  readonly send: (world: World) => Promise<unknown>;
}

/** A template that AWS refuses. */
export interface TemplateRow extends Limit {
  /** What is wrong with the template, in a few words. */
  readonly template: string;
  readonly resources: Readonly<Record<string, unknown>>;
}

/** The clients of the rows, and what several of them need. */
export class World {
  readonly dynamoDb: DynamoDBClient;
  readonly ecs: ECSClient;
  readonly events: EventBridgeClient;
  readonly iam: IAMClient;
  readonly lambda: LambdaClient;
  readonly logs: CloudWatchLogsClient;
  readonly s3: S3Client;
  readonly scheduler: SchedulerClient;
  readonly sfn: SFNClient;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  #names = 0;

  constructor(
    readonly cloud: LocalCloud,
    readonly outputs: Readonly<Record<string, string>>,
  ) {
    // A refusal is no reason to try again.
    const config = { ...cloud.clientConfig(), maxAttempts: 1 };
    this.dynamoDb = new DynamoDBClient(config);
    this.ecs = new ECSClient(config);
    this.events = new EventBridgeClient(config);
    this.iam = new IAMClient(config);
    this.lambda = new LambdaClient(config);
    this.logs = new CloudWatchLogsClient(config);
    this.s3 = new S3Client(config);
    this.scheduler = new SchedulerClient(config);
    this.sfn = new SFNClient(config);
    this.sns = new SNSClient(config);
    this.sqs = new SQSClient(config);
  }

  /** A name that no other row uses. */
  name(): string {
    return `limit-${++this.#names}`;
  }

  async queue(attributes: Record<string, string> = {}): Promise<string> {
    const name = this.name() + (attributes['FifoQueue'] === 'true' ? '.fifo' : '');
    const { QueueUrl: url = '' } = await this.sqs.send(
      new CreateQueueCommand({ QueueName: name, Attributes: attributes }),
    );
    return url;
  }

  arn(service: string, resource: string): string {
    return `arn:aws:${service}:${this.cloud.region}:${this.cloud.account}:${resource}`;
  }

  /** What the emulator wrote since the start. */
  log(): string {
    return readFileSync(join(this.cloud.logDir, 'emulator.log'), 'utf8');
  }

  destroy(): void {
    for (const client of Object.values(this) as unknown[]) {
      if (typeof client === 'object' && client !== null && 'destroy' in client) {
        (client as { destroy: () => void }).destroy();
      }
    }
  }
}

/** What an execution or a function reports, as the SDK's errors look. */
export function reported(name: string, message: string): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 0 } });
}
