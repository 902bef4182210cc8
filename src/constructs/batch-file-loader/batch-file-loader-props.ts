import type { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Delivery, FileIngestBucket } from '../file-ingest-bucket';
import type { DatabaseLogin } from '../database-login';
import type { LoadMapping } from './load-mapping';

/** A route: which objects are loaded, and how. */
export interface LoadRouteOptions {
  /** The bucket of the files. Grants the function read access to the objects below `prefix`. */
  readonly source: FileIngestBucket;

  /**
   * Matches objects whose key starts with this prefix; case-sensitive.
   *
   * @default - keys with any prefix
   */
  readonly prefix?: string;

  /**
   * Matches objects whose key ends with this suffix; case-sensitive.
   *
   * @default - keys with any suffix
   */
  readonly suffix?: string;

  /**
   * The content of the files, and the table for their rows. Cannot be combined with `handlerFunction`, whose code
   * defines it.
   *
   * @default - required, unless `handlerFunction` is set
   */
  readonly mapping?: LoadMapping;
}

/** Properties of `BatchFileLoader`. */
export interface BatchFileLoaderProps {
  /** The database login of the function. */
  readonly database: DatabaseLogin;

  /** The routes by name. No key may match two of them. */
  readonly routes: { [id: string]: LoadRouteOptions };

  /**
   * How events reach the queue, for all routes.
   *
   * @default Delivery.eventBridge()
   */
  readonly delivery?: Delivery;

  /**
   * The VPC of the function, from which it reaches the database.
   *
   * @default - required, unless `handlerFunction` is set
   */
  readonly vpc?: IVpc;

  /**
   * The subnets of the function. They need a route to the database, S3, SQS and Secrets Manager, through a NAT gateway
   * or VPC endpoints.
   *
   * @default - the private subnets with egress of `vpc`
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the function.
   *
   * @default - a new group that allows all outbound and no inbound traffic
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * Your own function, whose handler is a `fileLoader` of fileworks-runtime/loader. It must be in the VPC of the
   * database. The construct adds environment variables, permissions and the event source; props that would configure a
   * new function are refused.
   *
   * @default - a new function that loads with the mappings of the routes
   */
  readonly handlerFunction?: Function;

  /**
   * The timeout of an invocation, from 30 seconds to 15 minutes. The visibility timeout of the queue depends on it.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
   * @default Duration.minutes(2)
   */
  readonly timeout?: Duration;

  /**
   * Memory of the function in MiB, from 256 to 10,240; CPU scales with it.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
   * @default 1024
   */
  readonly memorySize?: number;

  /**
   * Maximum messages per invocation, from 1 to 10,000.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
   * @default 100
   */
  readonly batchSize?: number;

  /**
   * How long Lambda waits for a full batch, from 0 to 300 seconds.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
   * @default Duration.seconds(55)
   */
  readonly batchingWindow?: Duration;

  /**
   * Maximum connections to the database, and so the maximum concurrent invocations by the queue, from 2 to 1,000.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
   * @default 10
   */
  readonly maxConnections?: number;

  /**
   * Whether the function reserves `maxConnections` of the concurrency of the account. Other functions then cannot
   * throttle it, and invocations by hand count towards `maxConnections` too.
   *
   * The deployment fails if less than 100 would be left for functions without a reservation, as in a new account, whose
   * quota is reduced. Not with `handlerFunction`.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
   * @default false
   */
  readonly reserveConcurrency?: boolean;

  /**
   * Maximum size of a file that the function loads itself, at most `maxBatchSize`. Larger files go to `largeFileQueue`.
   *
   * @default Size.mebibytes(8)
   */
  readonly maxFileSize?: Size;

  /**
   * Maximum total size of the files in memory and in one transaction; not less than `maxFileSize`. With large files,
   * batches are smaller.
   *
   * @default Size.mebibytes(64)
   */
  readonly maxBatchSize?: Size;

  /**
   * The queue for files above `maxFileSize`, such as that of a worker service with `largeFileLoader` of
   * fileworks-runtime/loader.
   *
   * @default - such files are rejected
   */
  readonly largeFileQueue?: IQueue;

  /**
   * An existing standard queue. Props that would configure a new queue are then refused. Its visibility timeout must
   * be at least the function's timeout, and should be six times that plus the batching window.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
   * @default - a new queue: encrypted, SSL only, with a dead-letter queue and an alarm
   */
  readonly queue?: IQueue;

  /**
   * The dead-letter queue of an existing `queue`, for rejected files, which are not retried.
   *
   * @default - unknown: rejected files reach it only after their last receive, and there is no alarm
   */
  readonly deadLetterQueue?: IQueue;

  /**
   * How many times a message is received before SQS moves it to the dead-letter queue, from 1 to 1,000.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
   * @default 3
   */
  readonly maxReceiveCount?: number;

  /**
   * How long SQS keeps a message in the queue before it deletes it, from 1 minute to 14 days and shorter than
   * `deadLetterRetention`.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;

  /**
   * How long SQS keeps a message in the dead-letter queue, counted from when it was first sent, from 1 minute to 14
   * days.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
   * @default Duration.days(14)
   */
  readonly deadLetterRetention?: Duration;

  /**
   * A customer-managed key for the queues. The function may use it.
   *
   * @default - encryption with a key managed by SQS
   */
  readonly encryptionKey?: IKey;

  /**
   * The age of the oldest message, visible or in flight, at which `oldestMessageAlarm` is in ALARM; 1 minute or more,
   * or `Duration.seconds(0)` for no such alarm.
   *
   * @default - a quarter of the retention of the queue, at most 1 day
   */
  readonly alarmOldestMessageAge?: Duration;

  /**
   * How long messages must be visible with none in flight before `notStartingAlarm` is in ALARM, from 1 minute to 24
   * hours, or `Duration.seconds(0)` for no such alarm: Lambda does not read the queue, whatever the reason.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
   * @default Duration.minutes(10)
   */
  readonly alarmNotStartingFor?: Duration;

  /**
   * The removal policy of the queues. Retained queues keep their messages when the stack is deleted, or when a
   * deployment replaces or removes a queue.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
