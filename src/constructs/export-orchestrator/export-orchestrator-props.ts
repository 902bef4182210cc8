import type { RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ContainerImage, ICluster, Secret } from 'aws-cdk-lib/aws-ecs';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { QueueScaledFargateWorkerOptions } from '../queue-scaled-fargate-worker';
import type { PostProcessing } from './post-processing';

/** Properties of `ExportOrchestrator`. */
export interface ExportOrchestratorProps {
  /**
   * The cluster, and with it the VPC, of both services. The default scaling of the downloader needs Container Insights.
   */
  readonly cluster: ICluster;

  /**
   * The image of both services. `SERVICE_MODE` selects what it does: `orchestrator` or `worker`.
   *
   * @default - `orchestrator.image` and `downloader.image`, or their task definitions
   */
  readonly image?: ContainerImage;

  /**
   * Additional environment variables for both services. Names that the construct sets are refused. A service with a
   * `taskDefinition` does not receive them.
   *
   * @default - only the variables that the construct sets
   */
  readonly environment?: Record<string, string>;

  /**
   * Environment variables for both services whose values ECS reads from Secrets Manager or Parameter Store when a task
   * starts. A service with a `taskDefinition` does not receive them.
   *
   * @default - no secrets
   */
  readonly secrets?: Record<string, Secret>;

  /**
   * Options of the service that reads jobs, pages through the API and dispatches download tasks.
   *
   * The construct creates its queues: `additionalQueues`, `queueWeight`, `fifo` and `contentBasedDeduplication` are
   * refused.
   *
   * @default - 0.5 vCPU, 1 GB, 2 to 4 tasks on demand with 10 messages each, scaled by `QueueScaling.exact()`,
   * `WorkerHealthCheck.livez()`
   */
  readonly orchestrator?: QueueScaledFargateWorkerOptions;

  /**
   * Options of the service that downloads, checks and stores files.
   *
   * The construct creates its queues: `additionalQueues`, `queueWeight`, `fifo` and `contentBasedDeduplication` are
   * refused.
   *
   * @default - 2 vCPU, 4 GB, 0 to 20 tasks on Spot with 4 files each, scaled by `QueueScaling.backlogPerTask()` and
   * CPU, `WorkerHealthCheck.livez()`
   */
  readonly downloader?: QueueScaledFargateWorkerOptions;

  /**
   * Average CPU utilization of the downloader's tasks above which it scales out, in percent, from 1 to 100.
   *
   * @default - 70, unless `downloader.scaling` sets the task count itself, as `QueueScaling.exact()` does
   */
  readonly downloaderCpuTargetPercent?: number;

  /**
   * Whether to create queues of high and low priority in addition to the normal ones. The files of a job have its
   * priority.
   *
   * Busy queues share the tasks 10 : 3 : 1, so that none starves. With `strictPriority` of a service, a queue is read
   * only while those of higher priority are empty.
   *
   * @default false
   */
  readonly priorityQueues?: boolean;

  /**
   * The URL of the Export API, for the program.
   *
   * @default - set by the program
   */
  readonly apiUrl?: string;

  /**
   * Other origins that files may be downloaded from, at most 50, such as that of the bucket to which the API's links
   * point: `https://exports.s3.eu-central-1.amazonaws.com`. The API's links to all other origins are refused, since a
   * request to an address inside of the VPC or of the task could expose secrets.
   *
   * @default - only the origin of the API, or set by the program
   */
  readonly downloadOrigins?: string[];

  /**
   * The secret with the credentials for the API. Both services may read it, also after a rotation. `apiUrl` must then
   * start with `https:`.
   *
   * @default - the API needs no credentials
   */
  readonly apiSecret?: ISecret;

  /**
   * Maximum requests per second to the API, for all tasks of both services together; more than 0, at most 10,000.
   *
   * @default - set by the program, or no limit
   */
  readonly apiRequestsPerSecond?: number;

  /**
   * An existing table with the string keys `pk` and `sk`, and the time-to-live attribute `expiresAt`.
   *
   * @default - a new table: on demand, with point-in-time recovery
   */
  readonly jobTable?: ITable;

  /**
   * An existing table with the metadata of entries.
   *
   * @default - a new table with the string key `name`: on demand, with point-in-time recovery
   */
  readonly metadataTable?: ITable;

  /**
   * An existing bucket for results.
   *
   * @default - a new bucket: private, encrypted, SSL only
   */
  readonly outputBucket?: IBucket;

  /**
   * Key prefix of results. The downloader may not write elsewhere.
   *
   * @default - the whole bucket
   */
  readonly outputPrefix?: string;

  /**
   * The event bus that receives the events of jobs.
   *
   * @default - the default bus of the account
   */
  readonly eventBus?: IEventBus;

  /**
   * The target for the event of each completed job.
   *
   * @default - none; your own rules can match the events
   */
  readonly postProcessing?: PostProcessing;

  /**
   * Whether both services have an OpenTelemetry collector that sends traces to X-Ray.
   *
   * The program must create the traces: the runtime does so with any OpenTelemetry SDK that it finds.
   *
   * @default false
   */
  readonly tracing?: boolean;

  /**
   * A customer-managed key for the queues, tables and the bucket that the construct creates. Both services may use it.
   *
   * @default - encryption with keys that AWS manages
   */
  readonly encryptionKey?: IKey;

  /**
   * The removal policy of the tables, the bucket and the queues that the construct creates.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
