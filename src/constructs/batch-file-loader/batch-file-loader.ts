import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Grant, IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import type { LoadRoute } from '../../contract/load-route';
import { LoaderEnv, LOADER_METRIC_DIMENSION, LoaderMetrics } from '../../contract/loader-env';
import { METRIC_NAMESPACE } from '../../contract/metric-names';
import { WorkerEnv } from '../../contract/worker-env';
import { IngestRoute, IngestTarget } from '../file-ingest-bucket';
import type { AlarmNotice } from '../private/alarm';
import { createDependencyUnavailableAlarm, taskUnavailableTime } from '../private/dependency-alarm';
import { checkNewId } from '../private/checks';
import { grantConsumeLater, grantSend } from '../private/grants';
import { createHandlerFunction, RdsAuthorities } from '../private/handler-function';
import { nameOf, pathOf } from '../private/paths';
import { createQueueSource, timesOf } from '../private/queue-source';
import { checkSoleConsumer, checkSoleOwner } from '../private/sole-owner';
import { createNotStartingAlarm, createOldestMessageAlarm, notStartedMetric } from '../private/queue-alarms';
import { createThrottleAlarm } from '../private/throttle-alarm';
import { warn } from '../private/warning';
import { createDeadLetterAlarm, createWorkQueue } from '../private/work-queue';
import type { BatchFileLoaderProps, LoadRouteOptions } from './batch-file-loader-props';
import { LoaderDefaults } from './defaults';
import type { LoadMapping } from './load-mapping';
import { createErrorAlarm } from './private/alarms';
import { checkLoader } from './private/checks';
import { loaderCode } from './private/function-code';

/**
 * Loads files into PostgreSQL, each exactly once: from S3 through SQS and Lambda into the database.
 *
 * Batches of a hundred files share a connection and a transaction, in which each file has a row in a ledger, so that a
 * redelivered file is loaded once. A file that cannot be loaded goes to the dead-letter queue on its own, with the line
 * and the reason, and does not delay others.
 *
 * Limitations:
 * - The order of files with different keys is not guaranteed. Of one key, the newest version wins if the mapping
 *   updates rows.
 * - You provide the database and its tables. The loader creates the table of the ledger if its user may do so.
 * - The function has only the egress of its subnets: it needs S3, SQS and, for a login with a secret, Secrets Manager.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 *
 * @example
 * declare const inbox: FileIngestBucket;
 * declare const database: rds.DatabaseCluster;
 * const loader = new fileworks.BatchFileLoader(this, 'Loader', {
 *   vpc,
 *   database: fileworks.DatabaseLogin.secret(database.secret!),
 *   routes: {
 *     Orders: {
 *       source: inbox,
 *       prefix: 'orders/',
 *       suffix: '.json',
 *       mapping: fileworks.LoadMapping.json({ table: 'orders', columns: [{ name: 'id' }, { name: 'customer', source:
 * '/customer/name' }] }),
 *     },
 *   },
 * });
 * database.connections.allowDefaultPortFrom(loader);
 */
@propertyInjectable
export class BatchFileLoader extends Construct implements IGrantable, ec2.IConnectable {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.BatchFileLoader';

  /** The function that loads. */
  readonly handlerFunction: lambda.Function;

  /** The queue of files to load. */
  readonly queue: IQueue;

  /** The queue for files that cannot be loaded; undefined for an existing queue whose dead-letter queue is unknown. */
  readonly deadLetterQueue?: IQueue;

  /** The routes from the buckets to the queue, by name. */
  readonly routes: { [id: string]: IngestRoute };

  /** The principal of the function's role, which receives grants. */
  readonly grantPrincipal: IPrincipal;

  /** In ALARM while the dead-letter queue holds messages. */
  readonly deadLetterAlarm?: cloudwatch.Alarm;

  /** In ALARM when whole invocations fail. */
  readonly errorAlarm: cloudwatch.Alarm;

  /** In ALARM while the database, or another dependency of the loader, has been unavailable for five minutes. */
  readonly dependencyUnavailableAlarm: cloudwatch.Alarm;

  /** In ALARM when Lambda has throttled the function for ten minutes. */
  readonly throttleAlarm: cloudwatch.Alarm;

  /** In ALARM when messages are visible and none is in flight for `alarmNotStartingFor`; undefined if that is zero. */
  readonly notStartingAlarm?: cloudwatch.Alarm;

  /** In ALARM when the oldest message is older than `alarmOldestMessageAge`; undefined if that is zero. */
  readonly oldestMessageAlarm?: cloudwatch.Alarm;

  readonly #props: BatchFileLoaderProps;

  constructor(scope: Construct, id: string, props: BatchFileLoaderProps) {
    super(scope, id);
    checkLoader(this, props);
    this.#props = props;
    const queues = this.#resolveQueues();
    this.queue = queues.queue;
    this.deadLetterQueue = queues.deadLetterQueue;
    this.deadLetterAlarm = queues.deadLetterAlarm;
    checkSoleConsumer(this, 'queue', this.queue);
    this.handlerFunction = props.handlerFunction ?? this.#createFunction();
    checkSoleOwner(this, {
      kind: 'the loader',
      prop: 'handlerFunction',
      key: this.handlerFunction.node.addr,
      stack: Stack.of(this),
      reason: 'and holds the settings of one loader in its environment; create a function for each',
    });
    this.grantPrincipal = this.handlerFunction.grantPrincipal;
    for (const [name, value] of Object.entries(this.#renderEnvironment())) {
      this.handlerFunction.addEnvironment(name, value);
    }
    this.#grantWork();
    this.#consume();
    this.errorAlarm = createErrorAlarm(this, this.handlerFunction);
    this.dependencyUnavailableAlarm = createDependencyUnavailableAlarm(this, 'Files', [
      this.metricDependencyUnavailableTime(),
    ]);
    this.throttleAlarm = createThrottleAlarm(this, [this.handlerFunction]);
    this.oldestMessageAlarm = createOldestMessageAlarm(this, {
      metric: this.metricOldestMessageAge(),
      queues: [this.queue],
      age: props.alarmOldestMessageAge,
      runbook: 'loader-oldest-message',
    });
    this.notStartingAlarm = createNotStartingAlarm(this, {
      metric: notStartedMetric(this.queue),
      time: props.alarmNotStartingFor,
      reason: 'its event source mapping is disabled, or may not read the queue',
      runbook: 'loader-not-starting',
    });
    // Last, so that no name of a route is that of a part
    this.routes = Object.fromEntries(
      Object.entries(props.routes).map(([name, route]) => [name, this.#createRoute(name, route)]),
    );
  }

  /** The network connections of the function, with which a database can allow them. */
  get connections(): ec2.Connections {
    return this.handlerFunction.connections;
  }

  /**
   * Allows a worker to load the files that are too large for the function: to log in to the database, and to read the
   * files of every route. The worker also needs the variables of `largeFileEnvironment`.
   *
   * @param grantee the worker that loads large files
   */
  grantLoadLargeFiles(grantee: IGrantable): Grant {
    for (const route of Object.values(this.routes)) {
      route.grantRead(grantee);
    }
    return this.#props.database.grantLogin(grantee, this);
  }

  /**
   * The environment variables that `largeFileLoader` of fileworks-runtime/loader needs in a worker, to share the
   * ledger with the function.
   */
  get largeFileEnvironment(): { [name: string]: string } {
    return { [LoaderEnv.name]: nameOf(this), [LoaderEnv.database]: this.#databaseSettings() };
  }

  /** Loaded files.
   *
   * @param props options of the metric
   */
  metricFilesLoaded(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(LoaderMetrics.filesLoaded, props);
  }

  /** Loaded rows.
   *
   * @param props options of the metric
   */
  metricRowsLoaded(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(LoaderMetrics.rowsLoaded, props);
  }

  /**
   * Files that failed permanently, which are in the dead-letter queue with the reason.
   *
   * @param props options of the metric
   */
  metricFilesRejected(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(LoaderMetrics.filesRejected, props);
  }

  /**
   * Failed attempts at files that are retried.
   *
   * @param props options of the metric
   */
  metricFilesFailed(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(LoaderMetrics.filesFailed, props);
  }

  /**
   * Files that were redelivered after they had been loaded.
   *
   * @param props options of the metric
   */
  metricFilesRepeated(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(LoaderMetrics.filesRepeated, props);
  }

  /**
   * Age of the oldest message, visible or in flight, in seconds.
   *
   * @param props options of the metric
   */
  metricOldestMessageAge(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.queue.metricApproximateAgeOfOldestMessage({
      statistic: cloudwatch.Stats.MAXIMUM,
      period: Duration.minutes(1),
      ...props,
    });
  }

  /**
   * Seconds for which files have waited for a dependency; no data point while all answer.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricDependencyUnavailableTime(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return taskUnavailableTime(this, props);
  }

  #metric(metricName: string, props: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap: { [LOADER_METRIC_DIMENSION]: nameOf(this) },
      statistic: cloudwatch.Stats.SUM,
      period: Duration.minutes(5),
      ...props,
    });
  }

  #resolveQueues(): Pick<BatchFileLoader, 'queue' | 'deadLetterQueue' | 'deadLetterAlarm'> {
    const { queue, deadLetterQueue, maxReceiveCount = LoaderDefaults.maxReceiveCount } = this.#props;
    const deadLetterNotice: AlarmNotice = {
      description: `Files of ${pathOf(this)} cannot be loaded and are in its dead-letter queue, with the reason as an attribute`,
      runbook: 'loader-dead-letter',
    };
    if (queue === undefined) {
      const visibilityTimeout = Duration.seconds(this.#visibilitySeconds(this.#timeout().toSeconds()));
      return createWorkQueue(this, { ...this.#props, maxReceiveCount, visibilityTimeout, deadLetterNotice });
    }
    const deadLetterAlarm = deadLetterQueue && createDeadLetterAlarm(this, deadLetterQueue, deadLetterNotice);
    return { queue, deadLetterQueue, deadLetterAlarm };
  }

  #createFunction(): lambda.Function {
    const { vpc, vpcSubnets, securityGroups, routes } = this.#props;
    return createHandlerFunction(this, 'Function', {
      handler: 'file-loader',
      description: `Loads the files of ${pathOf(this)}`,
      timeout: this.#timeout(),
      memorySize: this.#props.memorySize ?? LoaderDefaults.memorySize,
      code: loaderCode(Object.values(routes).map(renderRoute)),
      vpc,
      vpcSubnets,
      securityGroups,
      reservedConcurrentExecutions: (this.#props.reserveConcurrency ?? false) ? this.#maxConnections() : undefined,
      environment: { ...RdsAuthorities },
    });
  }

  #renderEnvironment(): Record<string, string> {
    const {
      largeFileQueue,
      maxFileSize = LoaderDefaults.maxFileSize,
      maxBatchSize = LoaderDefaults.maxBatchSize,
    } = this.#props;
    return {
      [LoaderEnv.name]: nameOf(this),
      [LoaderEnv.database]: this.#databaseSettings(),
      [LoaderEnv.maxFileBytes]: String(maxFileSize.toBytes()),
      [LoaderEnv.maxBatchBytes]: String(maxBatchSize.toBytes()),
      [WorkerEnv.queueUrl]: this.queue.queueUrl,
      ...(this.deadLetterQueue === undefined ? {} : { [WorkerEnv.deadLetterQueueUrl]: this.deadLetterQueue.queueUrl }),
      ...(largeFileQueue === undefined ? {} : { [LoaderEnv.largeFileQueueUrl]: largeFileQueue.queueUrl }),
    };
  }

  #databaseSettings(): string {
    return Stack.of(this).toJsonString(this.#props.database._database);
  }

  #grantWork(): void {
    const { database, largeFileQueue } = this.#props;
    database.grantLogin(this, this);
    grantConsumeLater(this.queue, this);
    for (const queue of [this.deadLetterQueue, largeFileQueue]) {
      if (queue !== undefined) {
        grantSend(queue, this);
      }
    }
  }

  #consume(): void {
    createQueueSource(this, 'Source', {
      target: this.handlerFunction,
      queue: this.queue,
      batchSize: this.#props.batchSize ?? LoaderDefaults.batchSize,
      maxBatchingWindow: this.#batchingWindow(),
      maxConcurrency: this.#maxConnections(),
    });
    const { visibility, timeout } = timesOf(this.queue, this.handlerFunction);
    if (visibility === undefined || timeout === undefined) {
      return;
    }
    const recommended = this.#visibilitySeconds(timeout);
    if (visibility < recommended) {
      warn(
        this,
        'BatchFileLoader.shortVisibilityTimeout',
        `The visibility timeout of the queue is ${visibility} seconds; with less than ${recommended}, six times the timeout of the function plus the batching window, ` +
          'files can reach the dead-letter queue while Lambda throttles the function',
      );
    }
  }

  #visibilitySeconds(timeoutSeconds: number): number {
    return timeoutSeconds * LoaderDefaults.visibilityTimeouts + this.#batchingWindow().toSeconds();
  }

  #createRoute(id: string, { source, prefix, suffix }: LoadRouteOptions): IngestRoute {
    const { delivery } = this.#props;
    checkNewId('a route in routes', id, this);
    const route = new IngestRoute(this, id, {
      source,
      target: IngestTarget.existingQueue(this.queue),
      delivery,
      prefixes: prefix === undefined ? undefined : [prefix],
      suffixes: suffix === undefined ? undefined : [suffix],
      caseSensitiveSuffixes: suffix === undefined ? undefined : true,
      // S3 itself does not filter by size, and an empty file has no rows
      ignoreEmptyObjects: delivery?.direct === true ? false : undefined,
    });
    route.grantRead(this);
    return route;
  }

  #timeout(): Duration {
    return this.#props.handlerFunction?.timeout ?? this.#props.timeout ?? LoaderDefaults.timeout;
  }

  #batchingWindow(): Duration {
    return this.#props.batchingWindow ?? LoaderDefaults.batchingWindow;
  }

  #maxConnections(): number {
    return this.#props.maxConnections ?? LoaderDefaults.maxConnections;
  }
}

/** The checks guarantee that the mapping is set. */
function renderRoute({ prefix, suffix, mapping }: LoadRouteOptions): LoadRoute {
  return { prefix, suffix, ...(mapping as LoadMapping)._route };
}
