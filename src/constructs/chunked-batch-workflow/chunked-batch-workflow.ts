import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Connections, type IConnectable } from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { ContextAttribute, Schedule, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { BatchFinishEnv } from '../../contract/batch';
import { BATCH_METRIC_DIMENSION, BatchMetrics, METRIC_NAMESPACE } from '../../contract/metric-names';
import { IngestRoute, IngestTarget } from '../file-ingest-bucket';
import { createAlarm } from '../private/alarm';
import { createTasksUnavailableAlarm, taskUnavailableTime } from '../private/dependency-alarm';
import { createHandlerFunction } from '../private/handler-function';
import { grantList, grantPutWholeObjects, grantReadObjects, grantResultObjects } from '../private/object-grants';
import { grantLookForOthers } from '../private/overlap-states';
import { createPrivateBucket } from '../private/private-bucket';
import { createMachine, failedRuns, OF_FAILED_RUNS } from '../fargate-run';
import { createMissedAlarm, missedAfter } from '../private/missed-runs';
import { nameOf, pathOf } from '../private/paths';
import { createThrottleAlarm } from '../private/throttle-alarm';
import { createUndeliveredEvents } from '../private/undelivered-events';
import { RunOverlap } from './batch-enums';
import type { ChunkedBatchWorkflowProps } from './chunked-batch-workflow-props';
import { BatchDefaults, BatchFolder } from './defaults';
import { checkWorkflow } from './private/checks';
import { renderWorkflow, type WorkflowParts } from './private/definition';
import { grantBatches, grantBatchExecutions, grantRuns } from './private/grants';
import { grantInvoke } from './private/processors';

/**
 * Processes all files below a prefix in parallel batches: on a schedule, on demand, or when a marker file reports that
 * all files are there.
 *
 * A Distributed Map of Step Functions lists `incoming/` and forms batches. Each batch is described in an S3 object,
 * whose reference is passed to a Fargate task on Spot, a Lambda function or a worker. Progress is recorded file by
 * file: after a Spot interruption, a batch continues where it ended. Files are moved to `processed/` and `failed/`.
 * When a prefix is complete, an EventBridge event reports the number of processed and failed files, the duration and
 * the location of the manifest.
 *
 * A run processes all prefixes, or those of its input: `{ "prefixes": ["sales/"] }`.
 *
 * Limitations:
 * - The handler can be called twice for a file; see `runBatch`.
 * - A failed batch leaves its unprocessed files in `incoming/` for the next run.
 * - A run supports some hundred prefixes, limited by the history and output of an execution; each may have any number
 *   of files.
 *
 * @example
 * declare const inbox: FileIngestBucket;
 * new fileworks.ChunkedBatchWorkflow(this, 'Nightly', {
 *   bucket: inbox.bucket,
 *   prefixes: ['sales/', 'stock/'],
 *   processor: fileworks.BatchProcessor.fargateTask({ cluster, image: ecs.ContainerImage.fromAsset('validator') }),
 *   schedule: ScheduleExpression.cron({ hour: '2', minute: '0', timeZone: TimeZone.EUROPE_BERLIN }),
 *   markerSource: inbox,
 * });
 */
@propertyInjectable
export class ChunkedBatchWorkflow extends Construct implements iam.IGrantable, IConnectable {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.ChunkedBatchWorkflow';

  /** The state machine, whose executions are the runs. */
  readonly stateMachine: StateMachine;

  /**
   * The bucket for the records of runs: `<resultPrefix><execution>/<number of the prefix>/manifest.json` and related
   * objects.
   */
  readonly resultBucket: IBucket;

  /** The function that counts the results of a prefix and writes its manifest. */
  readonly finishFunction: LambdaFunction;

  /** The task definition; undefined unless the processor is a Fargate task. */
  readonly taskDefinition?: ecs.FargateTaskDefinition;

  /** The main container; undefined unless the processor is a Fargate task. */
  readonly container?: ecs.ContainerDefinition;

  /** The schedule that starts runs; undefined without `schedule`. */
  readonly schedule?: Schedule;

  /** The route that starts a run for a marker file; undefined without `markerSource`. */
  readonly markerRoute?: IngestRoute;

  /** The queue for scheduled runs that could not be started; undefined without `schedule`. */
  readonly deadLetterQueue?: IQueue;

  /** In ALARM while `deadLetterQueue` holds messages. */
  readonly deadLetterAlarm?: cloudwatch.Alarm;

  /** In ALARM when no run has started for `alarmMissedFor`; undefined if that is zero, or has no default. */
  readonly missedAlarm?: cloudwatch.Alarm;

  /** In ALARM when a run failed: too many failed files, an unreadable prefix, or an abort by an operator. */
  readonly failureAlarm: cloudwatch.Alarm;

  /**
   * In ALARM when Lambda has throttled the processor, whose batches wait meanwhile, for ten minutes; undefined unless
   * the processor is a function.
   */
  readonly throttleAlarm?: cloudwatch.Alarm;

  /**
   * In ALARM while batches wait for a dependency, ECS or Lambda that has been unavailable for five minutes; undefined
   * if the processor is a worker, which has an alarm of its own.
   */
  readonly dependencyUnavailableAlarm?: cloudwatch.Alarm;

  /** The principal of the processor's role, so that you can pass the construct to any `grant` method. */
  readonly grantPrincipal: iam.IPrincipal;

  /** The network connections of the processor; empty for a function outside of a VPC. */
  readonly connections: Connections;

  readonly #props: ChunkedBatchWorkflowProps;
  readonly #resultPrefix: string;

  constructor(scope: Construct, id: string, props: ChunkedBatchWorkflowProps) {
    super(scope, id);
    checkWorkflow(this, props);
    this.#props = props;
    this.#resultPrefix = props.resultPrefix ?? BatchDefaults.resultPrefix;
    this.resultBucket = props.resultBucket ?? createResultBucket(this, props.resultRetention);
    const processor = props.processor._bind(this);
    this.grantPrincipal = processor.grantPrincipal;
    this.connections = processor.connections ?? new Connections();
    this.taskDefinition = processor.run?.taskDefinition;
    this.container = processor.run?.container;
    grantBatches(props, this.resultBucket, this.#resultPrefix, this);

    this.finishFunction = this.#createFinish();
    const eventBus = props.eventBus ?? EventBus.fromEventBusName(this, 'DefaultBus', 'default');
    const parts: WorkflowParts = {
      name: nameOf(this),
      props,
      processor,
      resultBucket: this.resultBucket,
      resultPrefix: this.#resultPrefix,
      finish: this.finishFunction,
      eventBus,
    };
    this.stateMachine = createMachine(this, renderWorkflow(parts));
    processor.grant(this.stateMachine);
    grantRuns(parts, this.stateMachine);
    grantBatchExecutions(this, this.stateMachine);
    grantInvoke(this.finishFunction, this.stateMachine);
    if (props.preparation !== undefined) {
      grantInvoke(props.preparation, this.stateMachine);
    }
    if (props.overlap !== RunOverlap.ALLOW) {
      grantLookForOthers(this, this.stateMachine);
    }

    if (props.schedule !== undefined) {
      const undelivered = createUndeliveredEvents(this, {
        description: `Runs of ${pathOf(this)} could not be started and are in its dead-letter queue`,
        runbook: 'batch-not-started',
        removalPolicy: props.removalPolicy,
      });
      this.deadLetterQueue = undelivered.deadLetterQueue;
      this.deadLetterAlarm = undelivered.deadLetterAlarm;
      this.schedule = new Schedule(this, 'Schedule', {
        schedule: props.schedule,
        description: `Runs of ${pathOf(this)}`,
        target: new StepFunctionsStartExecution(this.stateMachine, {
          deadLetterQueue: undelivered.deadLetterQueue,
          input: ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime }),
        }),
      });
      this.missedAlarm = this.#createMissedAlarm(props.alarmMissedFor ?? missedAfter(props.schedule));
    }
    this.markerRoute =
      props.markerSource &&
      new IngestRoute(this, 'Marker', {
        source: props.markerSource,
        prefixes: props.prefixes.includes('') ? undefined : props.prefixes,
        suffixes: [BatchFolder.incoming + (props.markerName ?? BatchDefaults.markerName)],
        caseSensitiveSuffixes: true,
        ignoreEmptyObjects: false,
        target: IngestTarget.stateMachine(this.stateMachine),
      });
    this.failureAlarm = createAlarm(this, 'FailureAlarm', {
      description: `A run of ${pathOf(this)} failed: too many of its files failed, or they could not be listed`,
      runbook: 'batch-failure',
      metric: this.metricFailedRuns(),
      threshold: 1,
      ...OF_FAILED_RUNS,
    });
    this.dependencyUnavailableAlarm = processor.waitsInMachine
      ? createTasksUnavailableAlarm(this, 'Batches')
      : undefined;
    this.throttleAlarm = processor.handler && createThrottleAlarm(this, [processor.handler]);
  }

  /**
   * Allows `grantee` to start a run: an execution of `stateMachine`, for all prefixes or with `{ "prefixes": ["sales/"]
   * }` as its input.
   *
   * @param grantee the starter of runs
   */
  grantRun(grantee: iam.IGrantable): iam.Grant {
    return this.stateMachine.grantStartExecution(grantee);
  }

  /**
   * Allows the processor to store results: to put objects, also with multipart uploads, to abort uploads, and to read
   * existing objects in order to detect results that are already stored. It may neither list nor delete objects.
   *
   * @param bucket the bucket for results
   * @param prefix key prefix of the results; by default all keys
   */
  grantStoreResults(bucket: IBucket, prefix = ''): iam.Grant {
    return grantResultObjects(bucket, this, prefix);
  }

  /**
   * Runs that failed, timed out or were aborted.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricFailedRuns(props: cloudwatch.MathExpressionOptions = {}): cloudwatch.MathExpression {
    return failedRuns(this.stateMachine, props);
  }

  /**
   * Processed files, counted when their prefix is complete.
   *
   * @param props options of the metric; by default the sum of five minutes
   */
  metricFilesProcessed(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(BatchMetrics.filesProcessed, props);
  }

  /**
   * Failed files, including those of unfinished batches, counted when their prefix is complete.
   *
   * @param props options of the metric; by default the sum of five minutes
   */
  metricFilesFailed(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(BatchMetrics.filesFailed, props);
  }

  /**
   * Seconds for which batches have waited for a dependency, ECS or Lambda; no data point while all answer. A worker
   * reports its own.
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
      dimensionsMap: { [BATCH_METRIC_DIMENSION]: nameOf(this) },
      statistic: cloudwatch.Stats.SUM,
      ...props,
    });
  }

  #createMissedAlarm(time?: Duration): cloudwatch.Alarm | undefined {
    return (
      time &&
      createMissedAlarm(this, {
        description: `No run of ${pathOf(this)} has started for ${time.toHumanString()}`,
        runbook: 'batch-missed',
        metric: this.stateMachine.metricStarted({ period: Duration.hours(1), statistic: cloudwatch.Stats.SUM }),
        time,
      })
    );
  }

  #createFinish(): LambdaFunction {
    const finish = createHandlerFunction(this, 'Finish', {
      handler: 'batch-finish',
      description: `Counts the results of ${pathOf(this)}`,
      timeout: BatchDefaults.finishTimeout,
      memorySize: BatchDefaults.finishMemoryMiB,
      environment: {
        [BatchFinishEnv.name]: nameOf(this),
        [BatchFinishEnv.sourceBucket]: this.#props.bucket.bucketName,
        [BatchFinishEnv.resultBucket]: this.resultBucket.bucketName,
        [BatchFinishEnv.toleratedFailurePercentage]: String(
          this.#props.toleratedFailurePercentage ?? BatchDefaults.toleratedFailurePercentage,
        ),
      },
    });
    grantList(this.resultBucket, finish, this.#resultPrefix);
    grantReadObjects(this.resultBucket, finish, this.#resultPrefix, false);
    grantPutWholeObjects(this.resultBucket, finish, this.#resultPrefix);
    return finish;
  }
}

/** Records of runs expire. */
function createResultBucket(scope: Construct, retention: Duration = BatchDefaults.resultRetention): Bucket {
  return createPrivateBucket(scope, 'Results', 'set resultBucket', {
    lifecycleRules: [{ id: 'Housekeeping', expiration: retention, abortIncompleteMultipartUploadAfter: retention }],
  });
}
