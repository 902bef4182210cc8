import type { Duration, Size } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Delivery, FileIngestBucket } from '../file-ingest-bucket';
import type { DatabaseLogin } from '../database-login';
import type { LoadMapping } from './load-mapping';

/** Which objects are loaded, and how. */
export interface LoadRouteOptions {
  /** The bucket that the files land in. The function may read those below `prefix`. */
  readonly source: FileIngestBucket;

  /**
   * Takes objects whose key starts with this; case counts.
   *
   * @default - keys of any beginning
   */
  readonly prefix?: string;

  /**
   * Takes objects whose key ends with this; case counts.
   *
   * @default - keys of any ending
   */
  readonly suffix?: string;

  /**
   * What the files hold, and the table that their rows go into. Not with `handlerFunction`, whose code knows.
   *
   * @default - needed, unless `handlerFunction` is given
   */
  readonly mapping?: LoadMapping;
}

/** Properties of `BatchFileLoader`. */
export interface BatchFileLoaderProps {
  /** How the function logs in to the database. */
  readonly database: DatabaseLogin;

  /** What is loaded, by a name for each route. No key may fit two of them. */
  readonly routes: { [id: string]: LoadRouteOptions };

  /**
   * How the news of objects gets to the queue, for all routes.
   *
   * @default Delivery.eventBridge()
   */
  readonly delivery?: Delivery;

  /**
   * The network that the database is reached from.
   *
   * @default - needed, unless `handlerFunction` is given
   */
  readonly vpc?: IVpc;

  /**
   * The subnets of the function. They must reach the database, S3, SQS and Secrets Manager, by a NAT gateway or by VPC
   * endpoints.
   *
   * @default - the private subnets of `vpc` that have a way out
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the function.
   *
   * @default - a new group that lets everything out and nothing in
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * A function of your own, whose handler is a `fileLoader` of fileworks-runtime/loader. It must be in the network of
   * the database. It gets the
   * environment, the permissions and the messages; props that would configure our function are refused.
   *
   * @default - a function that loads by the mappings of the routes
   */
  readonly handlerFunction?: Function;

  /**
   * How long one invocation may take, from 30 seconds to 15 minutes. The queue's visibility timeout follows from it.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
   * @default Duration.minutes(2)
   */
  readonly timeout?: Duration;

  /**
   * Memory of the function in MiB, from 256 to 10,240; CPU comes with it.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
   * @default 1024
   */
  readonly memorySize?: number;

  /**
   * The most messages of one invocation, from 1 to 10,000.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
   * @default 100
   */
  readonly batchSize?: number;

  /**
   * How long Lambda waits for a batch to fill, from 0 to 300 seconds.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
   * @default Duration.seconds(55)
   */
  readonly batchingWindow?: Duration;

  /**
   * The most connections to the database, which is the most invocations at the same time, from 2 to 1,000. That many
   * are reserved for our function out of the
   * concurrency of the account.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
   * @default 10
   */
  readonly maxConnections?: number;

  /**
   * The largest file that the function loads itself, at most `maxBatchSize`. Larger ones go to `largeFileQueue`.
   *
   * @default Size.mebibytes(8)
   */
  readonly maxFileSize?: Size;

  /**
   * How much of files is in memory, and in one transaction, together; not less than `maxFileSize`. It makes batches
   * smaller where files are large.
   *
   * @default Size.mebibytes(64)
   */
  readonly maxBatchSize?: Size;

  /**
   * The queue for files over `maxFileSize`, such as that of a worker which runs `largeFileLoader` of
   * fileworks-runtime/loader.
   *
   * @default - such files are rejected
   */
  readonly largeFileQueue?: IQueue;

  /**
   * An existing standard queue. Props that would configure a new queue are then refused. It should hide messages for
   * six times the function's timeout, and the
   * batching window.
   *
   * @default - a new queue: encrypted, SSL only, with a dead-letter queue and an alarm
   */
  readonly queue?: IQueue;

  /**
   * The dead-letter queue of an existing `queue`, where rejected files go at once.
   *
   * @default - rejected files go there after their last receive, and there is no alarm
   */
  readonly deadLetterQueue?: IQueue;

  /**
   * How often a message is received before SQS moves it to the dead-letter queue, from 1 to 1,000.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
   * @default 3
   */
  readonly maxReceiveCount?: number;

  /**
   * How long a message waits in the queue before SQS drops it, from 1 minute to 14 days and shorter than
   * `deadLetterRetention`.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;

  /**
   * How long a message is kept in the dead-letter queue, counted from its first send, from 1 minute to 14 days.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
   * @default Duration.days(14)
   */
  readonly deadLetterRetention?: Duration;

  /**
   * A customer-managed key for the queues. The function may use it.
   *
   * @default - encryption with a key that SQS manages
   */
  readonly encryptionKey?: IKey;

  /**
   * Rings an alarm when the oldest message, waiting or in work, is older than this; 1 minute or more.
   *
   * @default - no such alarm
   */
  readonly alarmOldestMessageAge?: Duration;

  /**
   * What the alarms do when they ring, such as sending to an SNS topic.
   *
   * @default - the alarms ring without telling anyone
   */
  readonly alarmActions?: IAlarmAction[];
}
