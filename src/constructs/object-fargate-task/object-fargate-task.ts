import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Connections, type IConnectable } from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { ObjectTaskEnv } from '../../contract/object-task-env';
import { TaskRunEnv } from '../../contract/task-run-env';
import { SpotStrategy, useFargateCapacity } from '../capacity';
import { checkDuration, checkWholeNumber } from '../private/checks';
import { createTasksUnavailableAlarm, taskUnavailableTime } from '../private/dependency-alarm';
import { createRunMachine, grantReportOutage, MAX_DEPENDENCY_WAIT, resolveFargateRun } from '../fargate-run';
import { checkFargateTask } from '../fargate-task';
import { grantSend } from '../private/grants';
import { grantResultObjects } from '../private/object-grants';
import { pathOf } from '../private/paths';
import { createUndeliveredEvents } from '../private/undelivered-events';
import type { ObjectFargateTaskProps } from './object-fargate-task-props';
import { renderObjectTask } from './private/definition';

/**
 * Runs a Fargate task for each object of a route.
 *
 * An EventBridge rule could start the task directly, but neither on Spot nor with supervision. So a Step Functions
 * state machine starts the task and waits for it: it retries after Spot interruptions and failures, waits while a
 * dependency of the task or ECS is unavailable, and sends the event of an object whose task failed on every attempt to
 * a dead-letter queue with an alarm.
 *
 * The environment variables `FILEWORKS_FILE_BUCKET`, `FILEWORKS_FILE_KEY` and others identify the object;
 * `runObjectTask` of fileworks-runtime reads them. Exit code 0 reports success.
 *
 * Limitations:
 * - A task takes about half a minute to start and is billed for a minute at least. For many small files, use
 *   `QueueScaledFargateWorker`.
 * - Fargate starts about 20 tasks per second in a region of an account, including those of services. A larger burst
 *   waits, each object for a random time that grows with each attempt to at most 15 minutes.
 * - S3 may send the event of an object twice, and then two tasks process it.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
 *
 * @example
 * declare const inbox: FileIngestBucket;
 * const converter = new fileworks.ObjectFargateTask(this, 'Converter', {
 *   cluster,
 *   image: ecs.ContainerImage.fromAsset('converter'),
 * });
 * inbox.addRoute('Videos', { suffixes: ['.mov'], target: IngestTarget.fargateTask(converter) });
 */
@propertyInjectable
export class ObjectFargateTask extends Construct implements iam.IGrantable, IConnectable {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.ObjectFargateTask';

  /** The task definition. */
  readonly taskDefinition: ecs.FargateTaskDefinition;

  /** The main container. */
  readonly container: ecs.ContainerDefinition;

  /**
   * The state machine that starts the tasks and waits for them; an execution for each object, whose input is the event
   * that S3 sent to EventBridge.
   */
  readonly stateMachine: StateMachine;

  /** The queue for the events of objects whose tasks failed. */
  readonly deadLetterQueue: IQueue;

  /** In ALARM while the dead-letter queue holds messages. */
  readonly deadLetterAlarm: cloudwatch.Alarm;

  /** In ALARM while objects wait for a dependency, or for ECS, that has been unavailable for five minutes. */
  readonly dependencyUnavailableAlarm: cloudwatch.Alarm;

  /** The principal of the task role, so that you can pass the construct to any `grant` method. */
  readonly grantPrincipal: iam.IPrincipal;

  /** The network connections of the tasks. */
  readonly connections: Connections;

  constructor(scope: Construct, id: string, props: ObjectFargateTaskProps) {
    super(scope, id);
    checkFargateTask(this, props, {
      excluded: { stopTimeout: props.stopTimeout },
      reserved: [...Object.values(ObjectTaskEnv), ...Object.values(TaskRunEnv)],
    });
    checkWholeNumber('retries', props.retries, { min: 0, max: 10 }, this);
    checkDuration('maxDuration', props.maxDuration, { min: 60, max: 604_800 }, this);
    const maxWait = MAX_DEPENDENCY_WAIT.toSeconds();
    checkDuration('maxDependencyWait', props.maxDependencyWait, { min: 60, max: maxWait }, this);
    const run = resolveFargateRun(
      this,
      props,
      { name: 'Task', streamPrefix: 'task' },
      props.capacity ?? SpotStrategy.spotOnly(),
    );
    this.taskDefinition = run.taskDefinition;
    this.container = run.container;
    this.grantPrincipal = run.taskDefinition.taskRole;
    this.connections = new Connections({ securityGroups: run.network.securityGroups });

    const undelivered = createUndeliveredEvents(this, {
      description: `The tasks of some objects of ${pathOf(this)} failed, and their events are in its dead-letter queue`,
      runbook: 'object-task-dead-letter',
      removalPolicy: props.removalPolicy,
    });
    this.deadLetterQueue = undelivered.deadLetterQueue;
    this.deadLetterAlarm = undelivered.deadLetterAlarm;

    this.stateMachine = createRunMachine(this, run, renderObjectTask(this, run, this.deadLetterQueue.queueUrl, props));
    grantReportOutage(this.stateMachine);
    grantSend(this.deadLetterQueue, this.stateMachine);
    useFargateCapacity(props.cluster, this.stateMachine);
    this.dependencyUnavailableAlarm = createTasksUnavailableAlarm(this, 'Objects');
  }

  /**
   * Allows the task to store results: to put objects, also with multipart uploads, to abort uploads, and to read
   * existing objects in order to detect results that are already stored. It may neither list nor delete objects.
   *
   * @param bucket the bucket for results
   * @param prefix key prefix of the results; by default all keys
   */
  grantStoreResults(bucket: IBucket, prefix = ''): iam.Grant {
    return grantResultObjects(bucket, this, prefix);
  }

  /**
   * Allows `grantee` to process an object: to start an execution of `stateMachine` with an event as its input, such as
   * one from the dead-letter queue.
   *
   * @param grantee the starter of executions
   */
  grantRun(grantee: iam.IGrantable): iam.Grant {
    return this.stateMachine.grantStartExecution(grantee);
  }

  /**
   * Number of objects in the dead-letter queue because their tasks failed.
   *
   * @param props options of the metric
   */
  metricFailedObjects(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible(props);
  }

  /**
   * Seconds for which objects have waited for a dependency or for ECS; no data point while all answer.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricDependencyUnavailableTime(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return taskUnavailableTime(this, props);
  }

  /**
   * Time from the event of an object to the end of its processing, in milliseconds, including all waits and retries.
   *
   * @param props options of the metric
   */
  metricDuration(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.stateMachine.metricTime(props);
  }
}
