import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, Rule, type IEventBus } from 'aws-cdk-lib/aws-events';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { EXPORT_EVENT_SOURCE, ExportEventType } from '../../contract/export-contract';
import {
  ExportEnv,
  EXPORT_METRIC_DIMENSION,
  ExportMetricNames,
  ServiceMode,
  type DownloadQueueEntry,
} from '../../contract/export-env';
import { METRIC_NAMESPACE } from '../../contract/metric-names';
import { SpotStrategy } from '../capacity';
import { Sidecar } from '../fargate-task';
import { grantGetSecretValue, grantSend } from '../private/grants';
import { grantList, grantReadObjects } from '../private/object-grants';
import { nameOf, pathOf } from '../private/paths';
import { createPrivateBucket } from '../private/private-bucket';
import { createUndeliveredEvents, type UndeliveredEvents } from '../private/undelivered-events';
import {
  QueueScaledFargateWorker,
  QueueScaling,
  WorkerHealthCheck,
  type AdditionalQueue,
  type QueueScaledFargateWorkerOptions,
} from '../queue-scaled-fargate-worker';
import { ExportDefaults } from './defaults';
import type { ExportOrchestratorProps } from './export-orchestrator-props';
import { checkExportOrchestrator } from './private/checks';
import { createServiceQueues, queuesOf, withoutQueues, type Priority } from './private/service-queues';
import * as tables from './private/tables';

/**
 * Runs export jobs of 5 minutes to several hours: reads an API page by page, downloads archives, extracts them, checks
 * entries against metadata and stores them in S3.
 *
 * Two services, each with a queue, share an image. The orchestrator receives messages with job ids, pages through the
 * Export API and sends a download task for each file. The downloader downloads files, on Spot, and stores the entries
 * that the metadata selects. A table holds the progress of each job, so that its completion is detected exactly once;
 * EventBridge events report it.
 *
 * The program extends `ExportJobHandler` and `DownloadTaskHandler` of fileworks-runtime, and reads its configuration
 * with `readExportEnvironment()`.
 *
 * While the API is unavailable, the jobs of both services wait and use up no attempt; `dependencyUnavailableAlarm` of
 * the service is in ALARM after five minutes, and after ten its tasks stop but for one.
 *
 * Limitations:
 * - The default scaling of the downloader needs Container Insights on the cluster.
 * - A failed file is counted. Redriving its message does not retry it; a new job does.
 *
 * @example
 * declare const credentials: secretsmanager.ISecret;
 * declare const submitter: lambda.Function;
 * const exporter = new fileworks.ExportOrchestrator(this, 'Exports', {
 *   cluster,
 *   image: ecs.ContainerImage.fromAsset('export-service'),
 *   apiUrl: 'https://api.example.com/v1/',
 *   apiSecret: credentials,
 *   apiRequestsPerSecond: 20,
 * });
 * exporter.grantSubmit(submitter);
 */
@propertyInjectable
export class ExportOrchestrator extends Construct {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.ExportOrchestrator';

  /** The service that reads jobs and dispatches download tasks. */
  readonly orchestrator: QueueScaledFargateWorker;

  /** The service that downloads and stores files. */
  readonly downloader: QueueScaledFargateWorker;

  /** The queue of export jobs; with `priorityQueues`, the one of normal priority. */
  readonly exportQueue: IQueue;

  /** The queue of export jobs of high priority; undefined without `priorityQueues`. */
  readonly highPriorityExportQueue?: IQueue;

  /** The queue of export jobs of low priority; undefined without `priorityQueues`. */
  readonly lowPriorityExportQueue?: IQueue;

  /** The queue of download tasks; with `priorityQueues`, the one of normal priority. */
  readonly downloadQueue: IQueue;

  /** The table with the progress of each job. */
  readonly jobTable: ITable;

  /** The table with the metadata of entries. */
  readonly metadataTable: ITable;

  /** The bucket for results. */
  readonly outputBucket: IBucket;

  /** The event bus that receives the events of jobs. */
  readonly eventBus: IEventBus;

  /** The queue for events that could not be delivered to `postProcessing`; undefined without it. */
  readonly deadLetterQueue?: IQueue;

  /** In ALARM while `deadLetterQueue` holds messages. */
  readonly deadLetterAlarm?: cloudwatch.Alarm;

  readonly #props: ExportOrchestratorProps;

  constructor(scope: Construct, id: string, props: ExportOrchestratorProps) {
    super(scope, id);
    checkExportOrchestrator(this, props);
    this.#props = props;

    const owned = { encryptionKey: props.encryptionKey, removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN };
    this.jobTable = props.jobTable ?? tables.createJobTable(this, owned);
    this.metadataTable = props.metadataTable ?? tables.createMetadataTable(this, owned);
    this.outputBucket =
      props.outputBucket ??
      createPrivateBucket(this, 'OutputBucket', 'give an outputBucket that has them', {
        ...owned,
        lifecycleRules: [
          { id: 'Housekeeping', abortIncompleteMultipartUploadAfter: ExportDefaults.abortIncompleteUploadAfter },
        ],
      });
    this.eventBus = props.eventBus ?? EventBus.fromEventBusName(this, 'DefaultBus', 'default');

    this.downloader = this.#createDownloader();
    this.downloadQueue = this.downloader.queue;
    this.orchestrator = this.#createOrchestrator();
    this.exportQueue = this.orchestrator.queue;
    const { High: high, Low: low } = this.orchestrator.additionalQueues as Partial<Record<Priority, AdditionalQueue>>;
    this.highPriorityExportQueue = high?.queue;
    this.lowPriorityExportQueue = low?.queue;
    this.#setEnvironment();
    this.#grantWork();

    const undelivered = props.postProcessing && this.#addPostProcessing();
    this.deadLetterQueue = undelivered?.deadLetterQueue;
    this.deadLetterAlarm = undelivered?.deadLetterAlarm;
  }

  /**
   * Allows `grantee` to submit jobs: to send messages to the export queues of every priority.
   *
   * @param grantee the submitter
   */
  grantSubmit(grantee: IGrantable): Grant {
    return queuesOf(this.orchestrator)
      .map((queue) => grantSend(queue, grantee))
      .reduce((all, grant) => all.combine(grant));
  }

  /**
   * Allows `grantee` to read results: to list and get the objects below `outputPrefix`.
   *
   * @param grantee the reader
   */
  grantReadResults(grantee: IGrantable): Grant {
    const prefix = this.#props.outputPrefix ?? '';
    return grantList(this.outputBucket, grantee, prefix).combine(
      grantReadObjects(this.outputBucket, grantee, prefix, false),
    );
  }

  /**
   * Allows `grantee` to inspect jobs and their failures, and to reopen failed jobs, with `ExportJobStore` of
   * fileworks-runtime.
   *
   * @param grantee the operator
   */
  grantOperate(grantee: IGrantable): Grant {
    return tables.grantOperate(this.jobTable, grantee);
  }

  /**
   * Messages of export jobs that the orchestrator has processed.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricMessagesProcessed(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.messagesProcessed, { statistic: cloudwatch.Stats.SUM, ...props });
  }

  /** Download tasks sent.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricTasksDispatched(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.tasksDispatched, { statistic: cloudwatch.Stats.SUM, ...props });
  }

  /**
   * Response time of the API, in milliseconds.
   *
   * @param props options of the metric; by default the 95th percentile of each minute
   */
  metricApiLatency(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.apiLatency, { statistic: cloudwatch.Stats.p(95), ...props });
  }

  /**
   * Time until the last byte that was needed of a file was downloaded, in milliseconds.
   *
   * @param props options of the metric; by default the 95th percentile of each minute
   */
  metricDownloadDuration(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.downloadDuration, { statistic: cloudwatch.Stats.p(95), ...props });
  }

  /**
   * Time from the first entry of an archive until all selected entries were stored, in milliseconds. The download
   * continues meanwhile.
   *
   * @param props options of the metric; by default the 95th percentile of each minute
   */
  metricExtractionTime(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.extractionTime, { statistic: cloudwatch.Stats.p(95), ...props });
  }

  /**
   * Share of files that were stored, of those whose upload began, in percent.
   *
   * @param props options of the metric; by default the average of each minute
   */
  metricUploadSuccessRate(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.uploadSuccessRate, { statistic: cloudwatch.Stats.AVERAGE, ...props });
  }

  #metric(metricName: string, props: cloudwatch.MetricOptions): cloudwatch.Metric {
    const dimensionsMap = { [EXPORT_METRIC_DIMENSION]: nameOf(this) };
    return new cloudwatch.Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap,
      period: Duration.minutes(1),
      ...props,
    }).attachTo(this);
  }

  #createDownloader(): QueueScaledFargateWorker {
    const { downloader: given = {}, downloaderCpuTargetPercent } = this.#props;
    const scaling = given.scaling ?? QueueScaling.backlogPerTask();
    const downloader = this.#createService('Worker', given, {
      cpu: ExportDefaults.downloaderCpu,
      memoryLimitMiB: ExportDefaults.downloaderMemoryMiB,
      concurrency: ExportDefaults.downloaderConcurrency,
      minTasks: ExportDefaults.downloaderMinTasks,
      maxTasks: ExportDefaults.downloaderMaxTasks,
      capacity: SpotStrategy.spotOnly(),
      scaling,
    });
    if (downloaderCpuTargetPercent !== undefined || !scaling.setsExactCapacity) {
      downloader.scaleOnCpuUtilization({
        targetPercent: downloaderCpuTargetPercent ?? ExportDefaults.downloaderCpuTargetPercent,
      });
    }
    return downloader;
  }

  #createOrchestrator(): QueueScaledFargateWorker {
    return this.#createService('Orchestrator', this.#props.orchestrator ?? {}, {
      cpu: ExportDefaults.orchestratorCpu,
      memoryLimitMiB: ExportDefaults.orchestratorMemoryMiB,
      concurrency: ExportDefaults.orchestratorConcurrency,
      minTasks: ExportDefaults.orchestratorMinTasks,
      maxTasks: ExportDefaults.orchestratorMaxTasks,
      capacity: SpotStrategy.onDemand(),
      scaling: QueueScaling.exact(),
    });
  }

  /** A worker service: the user's options win over those of its role, and these over those of both services. */
  #createService(
    id: string,
    given: QueueScaledFargateWorkerOptions,
    defaults: QueueScaledFargateWorkerOptions,
  ): QueueScaledFargateWorker {
    const { cluster, image, environment, secrets, encryptionKey, removalPolicy } = this.#props;
    const { priorityQueues, tracing } = this.#props;
    const { cpu, memoryLimitMiB, ...ofService } = defaults;
    const options = withoutQueues(given);
    const queues = createServiceQueues(
      new Construct(this, `${id}Queues`),
      {
        ...given,
        encryptionKey: given.encryptionKey ?? encryptionKey,
        removalPolicy: given.removalPolicy ?? removalPolicy,
      },
      priorityQueues ?? false,
    );
    const ofNewTask: QueueScaledFargateWorkerOptions =
      given.taskDefinition !== undefined
        ? {}
        : {
            image,
            cpu,
            memoryLimitMiB: given.cpu === undefined ? memoryLimitMiB : undefined,
            healthCheck: WorkerHealthCheck.livez(),
            ...options,
            environment: { ...environment, ...given.environment },
            secrets: { ...secrets, ...given.secrets },
            sidecars: [...((tracing ?? false) ? [Sidecar.openTelemetryCollector()] : []), ...(given.sidecars ?? [])],
          };
    return new QueueScaledFargateWorker(this, id, {
      ...ofService,
      ...options,
      ...ofNewTask,
      ...queues,
      cluster,
    });
  }

  /** The configuration that `readExportEnvironment()` reads. */
  #setEnvironment(): void {
    const { apiUrl, apiSecret, apiRequestsPerSecond, downloadOrigins = [], outputPrefix } = this.#props;
    const common = {
      [ExportEnv.name]: nameOf(this),
      [ExportEnv.jobTable]: this.jobTable.tableName,
      [ExportEnv.eventBus]: this.eventBus.eventBusName,
      ...(apiUrl !== undefined && { [ExportEnv.apiUrl]: apiUrl }),
      ...(downloadOrigins.length > 0 && { [ExportEnv.downloadOrigins]: downloadOrigins.join(' ') }),
      ...(apiSecret !== undefined && { [ExportEnv.apiSecret]: apiSecret.secretArn }),
      ...(apiRequestsPerSecond !== undefined && { [ExportEnv.apiRequestsPerSecond]: String(apiRequestsPerSecond) }),
    };
    const downloadQueues = queuesOf(this.downloader);
    const entries = queuesOf(this.orchestrator).map(({ queueUrl: exportQueueUrl }, index): DownloadQueueEntry => ({
      exportQueueUrl,
      downloadQueueUrl: downloadQueues[index].queueUrl,
    }));
    addEnvironment(this.orchestrator, {
      ...common,
      [ExportEnv.serviceMode]: ServiceMode.orchestrator,
      [ExportEnv.downloadQueues]: Stack.of(this).toJsonString(entries),
    });
    addEnvironment(this.downloader, {
      ...common,
      [ExportEnv.serviceMode]: ServiceMode.worker,
      [ExportEnv.metadataTable]: this.metadataTable.tableName,
      [ExportEnv.outputBucket]: this.outputBucket.bucketName,
      ...(outputPrefix !== undefined && { [ExportEnv.outputPrefix]: outputPrefix }),
    });
  }

  #grantWork(): void {
    const { apiSecret, metadataTable, outputPrefix } = this.#props;
    for (const service of [this.orchestrator, this.downloader]) {
      Grant.addToPrincipal({
        grantee: service,
        actions: ['events:PutEvents'],
        resourceArns: [this.eventBus.eventBusArn],
      });
      if (apiSecret !== undefined) {
        grantGetSecretValue(apiSecret, service);
      }
    }
    tables.grantDispatch(this.jobTable, this.orchestrator);
    for (const queue of queuesOf(this.downloader)) {
      grantSend(queue, this.orchestrator);
    }

    tables.grantFinish(this.jobTable, this.downloader);
    tables.grantLookup(this.metadataTable, this.downloader, metadataTable === undefined);
    this.downloader.grantStoreResults(this.outputBucket, outputPrefix);
  }

  #addPostProcessing(): UndeliveredEvents {
    const scope = new Construct(this, 'PostProcessing');
    const undelivered = createUndeliveredEvents(scope, {
      description: `Events of completed jobs of ${pathOf(this)} could not be delivered to post-processing`,
      runbook: 'export-undelivered-events',
      removalPolicy: this.#props.removalPolicy,
    });
    new Rule(scope, 'Rule', {
      description: `Completed jobs of ${pathOf(this)}`,
      eventBus: this.#props.eventBus,
      eventPattern: {
        source: [EXPORT_EVENT_SOURCE],
        detailType: [ExportEventType.completed],
        detail: { service: [nameOf(this)] },
      },
      targets: this.#props.postProcessing && [this.#props.postProcessing._target(this, undelivered.deadLetterQueue)],
    });
    return undelivered;
  }
}

function addEnvironment({ container }: QueueScaledFargateWorker, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    container.addEnvironment(name, value);
  }
}
