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
import { SpotStrategy, useFargateCapacity } from '../capacity';
import { checkSeconds, checkWholeNumber } from '../private/checks';
import { createRunMachine, resolveFargateRun } from '../fargate-run';
import { checkFargateTask } from '../fargate-task';
import { grantSend } from '../private/grants';
import { grantResultObjects } from '../private/object-grants';
import { createUndeliveredEvents } from '../private/undelivered-events';
import type { ObjectFargateTaskProps } from './object-fargate-task-props';
import { renderObjectTask } from './private/definition';

/**
 * A Fargate task of its own for each object that a route brings.
 *
 * A rule of EventBridge could start the task by itself, but neither on Spot nor with a look at what becomes of it. So a
 * state machine of Step Functions starts
 * the task and waits for it: what Spot reclaimed, what failed and what ECS had no capacity for is started again, and an
 * object whose task fails each time goes
 * to a dead-letter queue with an alarm.
 *
 * The container finds the object in `FILEWORKS_FILE_BUCKET`, `FILEWORKS_FILE_KEY` and their like; `runObjectTask` of
 * fileworks-runtime reads them.
 * Exit code 0 says that the work is done.
 *
 * Limitations:
 * - A task takes about half a minute to start and is billed for a minute at least. For many small files, use
 *   `QueueScaledFargateWorker`.
 * - Fargate starts about 20 tasks a second in a region of an account, services included. A burst beyond that waits,
 *   each object for a random time of up to
 *   5 minutes that grows from try to try.
 * - S3 may tell of an object twice, and then two tasks work on it.
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

  /** What a task consists of. */
  readonly taskDefinition: ecs.FargateTaskDefinition;

  /** The container that does the work. */
  readonly container: ecs.ContainerDefinition;

  /**
   * What starts the tasks and waits for them; an execution for each object, whose input is the event that S3 sent to
   * EventBridge.
   */
  readonly stateMachine: StateMachine;

  /** Where the events of objects go whose tasks failed. */
  readonly deadLetterQueue: IQueue;

  /** Rings while the dead-letter queue holds anything. */
  readonly deadLetterAlarm: cloudwatch.Alarm;

  /** The role that the code in the container acts with, so that the construct can be given to any `grant` method. */
  readonly grantPrincipal: iam.IPrincipal;

  /** The network connections of the tasks. */
  readonly connections: Connections;

  constructor(scope: Construct, id: string, props: ObjectFargateTaskProps) {
    super(scope, id);
    checkFargateTask(this, props, {
      excluded: { stopTimeout: props.stopTimeout },
      reserved: Object.values(ObjectTaskEnv),
    });
    checkWholeNumber('retries', props.retries, { min: 0, max: 10 }, this);
    checkSeconds('maxDuration', props.maxDuration, { min: 60, max: 604_800 }, this);
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
      description: `The tasks of some objects of ${this.node.path} failed, and their events wait in its dead-letter queue`,
      runbook: 'object-task-dead-letter',
      alarmActions: props.alarmActions,
    });
    this.deadLetterQueue = undelivered.deadLetterQueue;
    this.deadLetterAlarm = undelivered.deadLetterAlarm;

    this.stateMachine = createRunMachine(this, run, renderObjectTask(run, this.deadLetterQueue.queueUrl, props));
    grantSend(this.deadLetterQueue, this.stateMachine);
    useFargateCapacity(props.cluster, this.stateMachine);
  }

  /**
   * Lets the task store results: put objects, also in parts, give up an upload, and read what is there, to tell whether
   * a result is
   * stored already. It may neither list nor delete.
   *
   * @param bucket where results go
   * @param prefix beginning of the keys of results; by default all
   */
  grantStoreResults(bucket: IBucket, prefix = ''): iam.Grant {
    return grantResultObjects(bucket, this, prefix);
  }

  /**
   * Lets `grantee` start the work on an object by hand: an execution of `stateMachine` whose input is the event, as the
   * dead-letter queue holds it.
   *
   * @param grantee who starts it
   */
  grantRun(grantee: iam.IGrantable): iam.Grant {
    return this.stateMachine.grantStartExecution(grantee);
  }

  /**
   * Objects that wait in the dead-letter queue because their tasks failed.
   *
   * @param props options of the metric
   */
  metricFailedObjects(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible(props);
  }

  /**
   * Milliseconds from the event of an object to the end of its work, with all waits and retries.
   *
   * @param props options of the metric
   */
  metricDuration(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.stateMachine.metricTime(props);
  }
}
