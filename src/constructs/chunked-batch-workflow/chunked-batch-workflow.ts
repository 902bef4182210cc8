import type { Duration } from 'aws-cdk-lib';
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
import { createHandlerFunction } from '../private/handler-function';
import { grantList, grantPutWholeObjects, grantReadObjects, grantResultObjects } from '../private/object-grants';
import { grantLookForOthers } from '../private/overlap-states';
import { createPrivateBucket } from '../private/private-bucket';
import { createMachine, failedRuns } from '../fargate-run';
import { createUndeliveredEvents } from '../private/undelivered-events';
import { RunOverlap } from './batch-enums';
import type { ChunkedBatchWorkflowProps } from './chunked-batch-workflow-props';
import { BatchDefaults, BatchFolder } from './defaults';
import { checkWorkflow } from './private/checks';
import { renderWorkflow, type WorkflowParts } from './private/definition';
import { grantBatches, grantBatchExecutions, grantRuns } from './private/grants';
import { grantInvoke } from './private/processors';

/**
 * All files below a prefix, in batches, in parallel: by the clock, on demand, or when a marker file says that all are
 * there.
 *
 * A Distributed Map of Step Functions lists `incoming/`, whatever there is, and makes batches of it. Each is described
 * in an object of S3, and a Fargate task
 * on Spot, a Lambda function or a worker is given the pointer to it. What was done is written down file by file: a task
 * that Spot takes goes on where it ended.
 * Files go to `processed/` and `failed/`. When a prefix is done, an event on EventBridge says how many files were
 * processed and failed, how long it took and
 * where the manifest is.
 *
 * A run is for all prefixes, or for those of its input: `{ "prefixes": ["sales/"] }`.
 *
 * Limitations:
 * - The handler of a file can be called twice for it; see `runBatch`.
 * - A batch that nobody finished leaves the files that are not done in `incoming/`, where the next run finds them.
 * - Some hundred prefixes in a run, by the size of an execution's history and output; any number of files in each.
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

  /** What makes the batches and waits for them; an execution is a run. */
  readonly stateMachine: StateMachine;

  /**
   * What is written about runs: `<resultPrefix><execution>/<number of the prefix>/manifest.json` and what belongs to
   * it.
   */
  readonly resultBucket: IBucket;

  /** What counts what became of a prefix, and writes its manifest. */
  readonly finishFunction: LambdaFunction;

  /** What a task consists of; undefined unless the processor is a Fargate task. */
  readonly taskDefinition?: ecs.FargateTaskDefinition;

  /** The container that does the work; undefined unless the processor is a Fargate task. */
  readonly container?: ecs.ContainerDefinition;

  /** What starts a run by the clock; undefined without `schedule`. */
  readonly schedule?: Schedule;

  /** What starts a run when a marker file lands; undefined without `markerSource`. */
  readonly markerRoute?: IngestRoute;

  /** Where runs of the schedule go that could not be started; undefined without `schedule`. */
  readonly deadLetterQueue?: IQueue;

  /** Rings while that queue holds anything. */
  readonly deadLetterAlarm?: cloudwatch.Alarm;

  /** Rings when a run has failed: too many files, a prefix that could not be read, or by hand. */
  readonly failureAlarm: cloudwatch.Alarm;

  /** The role that works on batches, so that the construct can be given to any `grant` method. */
  readonly grantPrincipal: iam.IPrincipal;

  /** The network connections of what works on batches; empty for a function outside of a VPC. */
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
        description: `Runs of ${this.node.path} could not be started and wait in its dead-letter queue`,
        runbook: 'batch-not-started',
        alarmActions: props.alarmActions,
      });
      this.deadLetterQueue = undelivered.deadLetterQueue;
      this.deadLetterAlarm = undelivered.deadLetterAlarm;
      this.schedule = new Schedule(this, 'Schedule', {
        schedule: props.schedule,
        description: `Runs of ${this.node.path}`,
        target: new StepFunctionsStartExecution(this.stateMachine, {
          deadLetterQueue: undelivered.deadLetterQueue,
          input: ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime }),
        }),
      });
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
      description: `A run of ${this.node.path} failed: too many of its files did, or they could not be found`,
      runbook: 'batch-failure',
      metric: this.metricFailedRuns(),
      threshold: 1,
      actions: props.alarmActions,
    });
  }

  /**
   * Lets `grantee` start a run by hand: an execution of `stateMachine`, for all prefixes or with `{ "prefixes":
   * ["sales/"] }` as its input.
   *
   * @param grantee who starts it
   */
  grantRun(grantee: iam.IGrantable): iam.Grant {
    return this.stateMachine.grantStartExecution(grantee);
  }

  /**
   * Lets the processor store results: put objects, also in parts, give up an upload, and read what is there, to tell
   * whether a result is
   * stored already. It may neither list nor delete.
   *
   * @param bucket where results go
   * @param prefix beginning of the keys of results; by default all
   */
  grantStoreResults(bucket: IBucket, prefix = ''): iam.Grant {
    return grantResultObjects(bucket, this, prefix);
  }

  /**
   * Runs that failed or were stopped.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricFailedRuns(props: cloudwatch.MathExpressionOptions = {}): cloudwatch.MathExpression {
    return failedRuns(this.stateMachine, props);
  }

  /**
   * Files that were processed, counted when their prefix is done.
   *
   * @param props options of the metric; by default the sum of five minutes
   */
  metricFilesProcessed(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(BatchMetrics.filesProcessed, props);
  }

  /**
   * Files that failed, and those of batches that nobody finished, counted when their prefix is done.
   *
   * @param props options of the metric; by default the sum of five minutes
   */
  metricFilesFailed(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#metric(BatchMetrics.filesFailed, props);
  }

  #metric(metricName: string, props: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap: { [BATCH_METRIC_DIMENSION]: this.node.path },
      statistic: cloudwatch.Stats.SUM,
      ...props,
    });
  }

  #createFinish(): LambdaFunction {
    const finish = createHandlerFunction(this, 'Finish', {
      handler: 'batch-finish',
      description: `Counts what became of the files of ${this.node.path}`,
      timeout: BatchDefaults.finishTimeout,
      memorySize: BatchDefaults.finishMemoryMiB,
      environment: {
        [BatchFinishEnv.name]: this.node.path,
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

/** What is written about runs is gone after a time. */
function createResultBucket(scope: Construct, retention: Duration = BatchDefaults.resultRetention): Bucket {
  return createPrivateBucket(scope, 'Results', 'give resultBucket', {
    lifecycleRules: [{ id: 'Housekeeping', expiration: retention, abortIncompleteMultipartUploadAfter: retention }],
  });
}
