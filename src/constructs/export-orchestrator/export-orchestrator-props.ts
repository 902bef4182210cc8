import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
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
   * The cluster that runs both services, and with it the VPC. The default scaling of the worker needs its Container
   * Insights.
   */
  readonly cluster: ICluster;

  /**
   * The image of both services, which does what `SERVICE_MODE` says: `orchestrator` or `worker`.
   *
   * @default - `orchestrator.image` and `worker.image`, or their task definitions
   */
  readonly image?: ContainerImage;

  /**
   * Further environment variables of both services. Names that the construct writes itself are refused. A service with
   * a `taskDefinition` does not get them.
   *
   * @default - only what the construct writes
   */
  readonly environment?: Record<string, string>;

  /**
   * Environment variables of both services whose values ECS takes from Secrets Manager or Parameter Store when a task
   * starts. A service with a
   * `taskDefinition` does not get them.
   *
   * @default - no secrets
   */
  readonly secrets?: Record<string, Secret>;

  /**
   * What is different in the service that reads jobs, pages through the API and dispatches download tasks.
   *
   * Its queues are made here: `additionalQueues`, `queueWeight`, `fifo` and `contentBasedDeduplication` are refused.
   *
   * @default - 0.5 vCPU, 1 GB, 2 to 4 tasks on demand with 10 messages each, scaled by `QueueScaling.exact()`,
   * `WorkerHealthCheck.livez()`
   */
  readonly orchestrator?: QueueScaledFargateWorkerOptions;

  /**
   * What is different in the service that downloads, checks and stores.
   *
   * Its queues are made here: `additionalQueues`, `queueWeight`, `fifo` and `contentBasedDeduplication` are refused.
   *
   * @default - 2 vCPU, 4 GB, 0 to 20 tasks on Spot with 4 files each, scaled by `QueueScaling.backlogPerTask()` and
   * CPU, `WorkerHealthCheck.livez()`
   */
  readonly worker?: QueueScaledFargateWorkerOptions;

  /**
   * Average CPU of the worker's tasks above which there will be more of them, in percent, from 1 to 100.
   *
   * @default - 70, unless `worker.scaling` sets the number of tasks itself, as `QueueScaling.exact()` does
   */
  readonly workerCpuTargetPercent?: number;

  /**
   * Whether there are queues of high and low priority beside the normal ones. A job's files keep its priority.
   *
   * Busy queues share the tasks by 10 : 3 : 1, so none starves; with `strictPriority` of a service, one waits while a
   * higher one has messages.
   *
   * @default false
   */
  readonly priorityQueues?: boolean;

  /**
   * The address of the Export API, for the program.
   *
   * @default - the program knows it
   */
  readonly apiUrl?: string;

  /**
   * The secret with the credentials for the API. Both services may read it, again after a rotation.
   *
   * @default - the API wants none
   */
  readonly apiSecret?: ISecret;

  /**
   * Requests in a second to the API, of all tasks of both services together; more than 0, at most 10,000.
   *
   * @default - the program knows it, or there is no limit
   */
  readonly apiRequestsPerSecond?: number;

  /**
   * An existing table with the text keys `pk` and `sk`, and `expiresAt` as its time to live.
   *
   * @default - a new table: on demand, with point-in-time recovery
   */
  readonly jobTable?: ITable;

  /**
   * An existing table with metadata of entries.
   *
   * @default - a new table with the text key `name`: on demand, with point-in-time recovery
   */
  readonly metadataTable?: ITable;

  /**
   * An existing bucket for results.
   *
   * @default - a new bucket: private, encrypted, SSL only
   */
  readonly outputBucket?: IBucket;

  /**
   * Beginning of the keys of results; the worker may not write elsewhere.
   *
   * @default - all of the bucket
   */
  readonly outputPrefix?: string;

  /**
   * The bus for the events of jobs.
   *
   * @default - the default bus of the account
   */
  readonly eventBus?: IEventBus;

  /**
   * What gets the event of each job that is completed.
   *
   * @default - nothing; rules of your own can look for the events
   */
  readonly postProcessing?: PostProcessing;

  /**
   * Whether both services have an OpenTelemetry collector that sends traces to X-Ray.
   *
   * The program has to make them: the runtime does with any OpenTelemetry SDK that it finds.
   *
   * @default false
   */
  readonly tracing?: boolean;

  /**
   * A customer-managed key for the queues, tables and the bucket that are created. Both services may use it.
   *
   * @default - encryption with keys that AWS manages
   */
  readonly encryptionKey?: IKey;

  /**
   * What becomes of tables and the bucket that were created when the construct is taken away.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Rings an alarm when the API has been away for as long as this, from 1 minute to 24 hours.
   *
   * @default Duration.minutes(15)
   */
  readonly alarmApiUnavailableFor?: Duration;

  /**
   * What the alarms do when they ring, such as sending to an SNS topic; those of a service, unless it has its own.
   *
   * @default - alarms ring without telling anyone
   */
  readonly alarmActions?: IAlarmAction[];
}
