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
import { createAlarm } from '../private/alarm';
import { grantRegisterTarget } from '../private/grant-register-target';
import { grantSend } from '../private/grants';
import { grantList, grantReadObjects } from '../private/object-grants';
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
 * Whole export jobs, 5 minutes to hours each: read from an API page by page, downloaded, unpacked, checked against
 * metadata and stored in S3.
 *
 * Two services with a queue each share an image. The orchestrator takes messages with ids of jobs, pages through the
 * Export API and sends a download task for
 * each file. The worker downloads files, on Spot, and stores the entries that metadata asks for. A table knows how far
 * each job is, so that its end is known
 * once; events of EventBridge tell it.
 *
 * The program extends `ExportJobHandler` and `DownloadTaskHandler` of fileworks-runtime, and reads what it is told by
 * `readExportEnvironment()`.
 *
 * While the API is away, the program takes no messages, and no tasks are added to the worker: its `CircuitWatch`
 * suspends the scale-out.
 *
 * Limitations:
 * - The scale-out of the orchestrator itself is not suspended. Its few tasks are those who notice that the API is back.
 * - The default scaling of the worker needs Container Insights of the cluster.
 * - A file that failed is counted. A redrive of its message does not try it again; a new job does.
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

  /** The service that downloads and stores. */
  readonly worker: QueueScaledFargateWorker;

  /** The queue of export jobs; of normal priority, where there are several. */
  readonly exportQueue: IQueue;

  /** The queue of export jobs that are done first; undefined without `priorityQueues`. */
  readonly highPriorityExportQueue?: IQueue;

  /** The queue of export jobs that may wait; undefined without `priorityQueues`. */
  readonly lowPriorityExportQueue?: IQueue;

  /** The queue of download tasks; of normal priority, where there are several. */
  readonly downloadQueue: IQueue;

  /** How far each job is. */
  readonly jobTable: ITable;

  /** What is known about entries. */
  readonly metadataTable: ITable;

  /** Where results go. */
  readonly outputBucket: IBucket;

  /** Where the events of jobs go. */
  readonly eventBus: IEventBus;

  /** Rings when the API has been away for long. */
  readonly apiAlarm: cloudwatch.Alarm;

  /** Events that could not be delivered to `postProcessing`; undefined without it. */
  readonly deadLetterQueue?: IQueue;

  /** Rings while `deadLetterQueue` holds anything. */
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

    this.worker = this.#createWorker();
    this.downloadQueue = this.worker.queue;
    this.orchestrator = this.#createOrchestrator();
    this.exportQueue = this.orchestrator.queue;
    const { High: high, Low: low } = this.orchestrator.additionalQueues as Partial<Record<Priority, AdditionalQueue>>;
    this.highPriorityExportQueue = high?.queue;
    this.lowPriorityExportQueue = low?.queue;
    this.#tell();
    this.#grantWork();

    this.apiAlarm = this.#createApiAlarm();
    const undelivered = props.postProcessing && this.#addPostProcessing();
    this.deadLetterQueue = undelivered?.deadLetterQueue;
    this.deadLetterAlarm = undelivered?.deadLetterAlarm;
  }

  /**
   * Lets `grantee` submit jobs: send messages to the queues of export jobs, of every priority.
   *
   * @param grantee who submits
   */
  grantSubmit(grantee: IGrantable): Grant {
    return queuesOf(this.orchestrator)
      .map((queue) => grantSend(queue, grantee))
      .reduce((all, grant) => all.combine(grant));
  }

  /**
   * Lets `grantee` read results: list those below `outputPrefix` and get them.
   *
   * @param grantee who reads
   */
  grantReadResults(grantee: IGrantable): Grant {
    const prefix = this.#props.outputPrefix ?? '';
    return grantList(this.outputBucket, grantee, prefix).combine(
      grantReadObjects(this.outputBucket, grantee, prefix, false),
    );
  }

  /**
   * Lets `grantee` look at jobs and at their failures, and open failed ones again, with `ExportJobStore` of
   * fileworks-runtime.
   *
   * @param grantee who operates
   */
  grantOperate(grantee: IGrantable): Grant {
    return tables.grantOperate(this.jobTable, grantee);
  }

  /**
   * Messages of export jobs that the orchestrator is done with.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricMessagesProcessed(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.messagesProcessed, { statistic: cloudwatch.Stats.SUM, ...props });
  }

  /**
   * Download tasks that were sent.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricTasksDispatched(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.tasksDispatched, { statistic: cloudwatch.Stats.SUM, ...props });
  }

  /**
   * Milliseconds until the API answered.
   *
   * @param props options of the metric; by default the 95th percentile of each minute
   */
  metricApiLatency(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.apiLatency, { statistic: cloudwatch.Stats.p(95), ...props });
  }

  /**
   * Milliseconds until the last byte of a file that was needed had come.
   *
   * @param props options of the metric; by default the 95th percentile of each minute
   */
  metricDownloadDuration(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.downloadDuration, { statistic: cloudwatch.Stats.p(95), ...props });
  }

  /**
   * Milliseconds from the first entry of an archive until all that are wanted were stored; downloading goes on
   * meanwhile.
   *
   * @param props options of the metric; by default the 95th percentile of each minute
   */
  metricExtractionTime(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.extractionTime, { statistic: cloudwatch.Stats.p(95), ...props });
  }

  /**
   * Percent of files that came as far as the bucket and were stored.
   *
   * @param props options of the metric; by default the average of each minute
   */
  metricUploadSuccessRate(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.uploadSuccessRate, { statistic: cloudwatch.Stats.AVERAGE, ...props });
  }

  /**
   * 1 while a task finds the API away and asks it for nothing more, else 0.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricCircuitOpen(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(ExportMetricNames.circuitOpen, { statistic: cloudwatch.Stats.MAXIMUM, ...props });
  }

  #metric(metricName: string, props: cloudwatch.MetricOptions): cloudwatch.Metric {
    const dimensionsMap = { [EXPORT_METRIC_DIMENSION]: this.node.path };
    return new cloudwatch.Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap,
      period: Duration.minutes(1),
      ...props,
    }).attachTo(this);
  }

  #createWorker(): QueueScaledFargateWorker {
    const { worker: given = {}, workerCpuTargetPercent } = this.#props;
    const scaling = given.scaling ?? QueueScaling.backlogPerTask();
    const worker = this.#createService('Worker', given, {
      cpu: ExportDefaults.workerCpu,
      memoryLimitMiB: ExportDefaults.workerMemoryMiB,
      concurrency: ExportDefaults.workerConcurrency,
      minTasks: ExportDefaults.workerMinTasks,
      maxTasks: ExportDefaults.workerMaxTasks,
      capacity: SpotStrategy.spotOnly(),
      scaling,
    });
    if (workerCpuTargetPercent !== undefined || !scaling.setsExactCapacity) {
      worker.scaleOnCpuUtilization({ targetPercent: workerCpuTargetPercent ?? ExportDefaults.workerCpuTargetPercent });
    }
    return worker;
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

  /** A worker with what the user gave, then what belongs to its role, then what both services have. */
  #createService(
    id: string,
    given: QueueScaledFargateWorkerOptions,
    defaults: QueueScaledFargateWorkerOptions,
  ): QueueScaledFargateWorker {
    const { cluster, image, environment, secrets, encryptionKey, alarmActions, priorityQueues, tracing } = this.#props;
    const { cpu, memoryLimitMiB, ...ofService } = defaults;
    const options = withoutQueues(given);
    const queues = createServiceQueues(
      new Construct(this, `${id}Queues`),
      { ...given, encryptionKey: given.encryptionKey ?? encryptionKey },
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
      alarmActions,
      ...ofService,
      ...options,
      ...ofNewTask,
      ...queues,
      cluster,
    });
  }

  /** Tells the containers what they are, and where everything is. */
  #tell(): void {
    const { apiUrl, apiSecret, apiRequestsPerSecond, outputPrefix } = this.#props;
    const common = {
      [ExportEnv.name]: this.node.path,
      [ExportEnv.jobTable]: this.jobTable.tableName,
      [ExportEnv.eventBus]: this.eventBus.eventBusName,
      ...(apiUrl !== undefined && { [ExportEnv.apiUrl]: apiUrl }),
      ...(apiSecret !== undefined && { [ExportEnv.apiSecret]: apiSecret.secretArn }),
      ...(apiRequestsPerSecond !== undefined && { [ExportEnv.apiRequestsPerSecond]: String(apiRequestsPerSecond) }),
    };
    const downloadQueues = queuesOf(this.worker);
    const entries = queuesOf(this.orchestrator).map(({ queueUrl: exportQueueUrl }, index): DownloadQueueEntry => ({
      exportQueueUrl,
      downloadQueueUrl: downloadQueues[index].queueUrl,
    }));
    addEnvironment(this.orchestrator, {
      ...common,
      [ExportEnv.serviceMode]: ServiceMode.orchestrator,
      [ExportEnv.downloadQueues]: Stack.of(this).toJsonString(entries),
      [ExportEnv.workerService]: `service/${this.#props.cluster.clusterName}/${this.worker.service.serviceName}`,
    });
    addEnvironment(this.worker, {
      ...common,
      [ExportEnv.serviceMode]: ServiceMode.worker,
      [ExportEnv.metadataTable]: this.metadataTable.tableName,
      [ExportEnv.outputBucket]: this.outputBucket.bucketName,
      ...(outputPrefix !== undefined && { [ExportEnv.outputPrefix]: outputPrefix }),
    });
  }

  #grantWork(): void {
    const { apiSecret, metadataTable, outputPrefix } = this.#props;
    for (const service of [this.orchestrator, this.worker]) {
      Grant.addToPrincipal({
        grantee: service,
        actions: ['events:PutEvents'],
        resourceArns: [this.eventBus.eventBusArn],
      });
      if (apiSecret !== undefined) {
        apiSecret.encryptionKey?.grant(service, 'kms:Decrypt');
        // grantRead() of the CDK lets one describe it too
        Grant.addToPrincipal({
          grantee: service,
          actions: ['secretsmanager:GetSecretValue'],
          resourceArns: [apiSecret.secretArn],
        });
      }
    }
    tables.grantDispatch(this.jobTable, this.orchestrator);
    // To its own queues too: a job that outlives its task, or the 12 hours of its message, goes on as a new one.
    for (const queue of [...queuesOf(this.worker), ...queuesOf(this.orchestrator)]) {
      grantSend(queue, this.orchestrator);
    }
    grantRegisterTarget(this.orchestrator.taskDefinition.taskRole, this.orchestrator, this.worker.service);

    tables.grantFinish(this.jobTable, this.worker);
    tables.grantLookup(this.metadataTable, this.worker, metadataTable === undefined);
    this.worker.grantStoreResults(this.outputBucket, outputPrefix);
  }

  #createApiAlarm(): cloudwatch.Alarm {
    const time = this.#props.alarmApiUnavailableFor ?? ExportDefaults.alarmApiUnavailableFor;
    return createAlarm(this, 'ApiAlarm', {
      description: `The Export API of ${this.node.path} has been away for ${time.toHumanString()}; jobs wait and lose nothing`,
      runbook: 'export-api-away',
      metric: this.metricCircuitOpen(),
      threshold: 1,
      evaluationPeriods: Math.ceil(time.toMinutes({ integral: false })),
      actions: this.#props.alarmActions,
    });
  }

  #addPostProcessing(): UndeliveredEvents {
    const scope = new Construct(this, 'PostProcessing');
    const undelivered = createUndeliveredEvents(scope, {
      description: `Events of completed jobs of ${this.node.path} could not be delivered to post-processing`,
      runbook: 'export-undelivered-events',
      alarmActions: this.#props.alarmActions,
    });
    new Rule(scope, 'Rule', {
      description: `Completed jobs of ${this.node.path}`,
      eventBus: this.#props.eventBus,
      eventPattern: {
        source: [EXPORT_EVENT_SOURCE],
        detailType: [ExportEventType.completed],
        detail: { service: [this.node.path] },
      },
      targets: this.#props.postProcessing && [this.#props.postProcessing._target(undelivered.deadLetterQueue)],
    });
    return undelivered;
  }
}

function addEnvironment({ container }: QueueScaledFargateWorker, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    container.addEnvironment(name, value);
  }
}
