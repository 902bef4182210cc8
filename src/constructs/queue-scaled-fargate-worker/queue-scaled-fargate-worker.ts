import { Duration, Stack } from 'aws-cdk-lib';
import { ScalableTarget } from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Connections, IConnectable } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { ApplicationTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { MetricDimensions, METRIC_NAMESPACE, WorkerMetrics } from '../../contract/metric-names';
import { ScaleInProtectionMode, WorkerEnv } from '../../contract/worker-env';
import { SpotStrategy, useFargateCapacity } from '../capacity';
import { acknowledge, acknowledgeWildcard } from '../private/acknowledge';
import { allowToVolumes } from '../fargate-task';
import { grantSend, grantWork } from '../private/grants';
import { grantResultObjects } from '../private/object-grants';
import { checkWholeNumber } from '../private/checks';
import { ValidationError } from '../private/validation-error';
import { warnOfSubnets } from '../private/subnets';
import { warn } from '../private/warning';
import type { WorkQueue } from '../private/work-queue';
import type { AdditionalQueue } from './additional-queue';
import { WorkerDefaults } from './defaults';
import { createNotStartingAlarm, createOldestMessageAlarm, createSaturationAlarm } from './private/alarms';
import { checkProcessingTime, checkProps } from './private/checks';
import { createIngress, createSpotFallback, createWakeUp, openPort } from './private';
import { expressionOf, ofQueues, sumOf } from './private/queue-metrics';
import { renderQueues } from './private/render-queues';
import { resolveFurtherQueues, resolveWorkerQueue, type FurtherQueue, type WorkerQueue } from './private/worker-queue';
import { resolveWorkerTask } from './private/worker-task';
import type { QueueScaledFargateWorkerProps } from './queue-scaled-fargate-worker-props';
import { QueueScaling } from './queue-scaling';
import type { ScheduledTaskCountOptions, UtilizationScalingOptions } from './task-count-options';

/**
 * A Fargate service that works on a queue of jobs: as many tasks as the backlog needs, none when there is no work.
 *
 * It creates the queue with a dead-letter queue and an alarm, a task definition whose container knows its queue from
 * the
 * environment, the service, and scaling by what waits and what is in work. Tasks run on Spot. A task protects itself
 * from
 * scale-in while it works, and has 120 seconds to drain or hand back its work when it must stop.
 *
 * The container runs a program that calls `runWorker` of fileworks-runtime. Another program can keep the same contract:
 * read the queue's URL from `FILEWORKS_QUEUE_URL`, extend the lease of a message while working on it, protect the task
 * through `ECS_AGENT_URI`, delete a message after its result is stored, and stop on SIGTERM. What it does not do must
 * be
 * said: `heartbeat: false`, `scaleInProtection: false`.
 *
 * Limitations:
 * - Nothing here creates a VPC, NAT gateway or endpoint; the tasks' subnets need a way to ECR, CloudWatch Logs, SQS and
 *   S3.
 * - The first deployment starts one task, so that a broken image fails the deployment and not the first file.
 * - SQS sends no metrics after six hours of idleness; the first message after that can wait for several minutes, unless
 *   `wake` is set.
 *
 * @example
 * declare const bucket: s3.Bucket;
 * const worker = new QueueScaledFargateWorker(this, 'Unpacker', {
 *   cluster,
 *   image: ecs.ContainerImage.fromAsset('worker'),
 *   maxTasks: 50,
 *   environment: { RESULTS_BUCKET: bucket.bucketName },
 * });
 * worker.grantStoreResults(bucket);
 */
@propertyInjectable
export class QueueScaledFargateWorker extends Construct implements iam.IGrantable, IConnectable {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.QueueScaledFargateWorker';

  /** The queue of jobs. */
  readonly queue: IQueue;

  /**
   * Where jobs go that failed on every attempt; undefined only for an existing queue whose dead-letter queue is not
   * known.
   */
  readonly deadLetterQueue?: IQueue;

  /** Rings while the dead-letter queue holds anything; undefined when there is no dead-letter queue to watch. */
  readonly deadLetterAlarm?: cloudwatch.Alarm;

  /** The further queues, by their names in `additionalQueues`. */
  readonly additionalQueues: Record<string, AdditionalQueue>;

  /** The service that runs the tasks. */
  readonly service: ecs.FargateService;

  /** What a task consists of. */
  readonly taskDefinition: ecs.FargateTaskDefinition;

  /** The container that works. */
  readonly container: ecs.ContainerDefinition;

  /** Where the container's output goes; undefined for an existing task definition, which knows it. */
  readonly logGroup?: ILogGroup;

  /** Rings when the oldest message is too old; undefined without `alarmOldestMessageAge`. */
  readonly oldestMessageAlarm?: cloudwatch.Alarm;

  /** Rings when jobs wait and none is in work; undefined without `alarmNotStartingFor`. */
  readonly notStartingAlarm?: cloudwatch.Alarm;

  /** Rings when all tasks together are not enough; undefined without `alarmSaturatedFor`. */
  readonly saturationAlarm?: cloudwatch.Alarm;

  /** The FIFO queue that a message of `wakeWorker` goes into; undefined without `wake`. */
  readonly wakeUpQueue?: IQueue;

  /** Rings when wake-ups fail; undefined without `wake`. */
  readonly wakeUpAlarm?: cloudwatch.Alarm;

  /** Rings when the change to on-demand capacity, or back, fails; undefined without `fallbackToOnDemand`. */
  readonly onDemandFallbackAlarm?: cloudwatch.Alarm;

  /** Where the listener of `ingress` sends requests; undefined without it. */
  readonly targetGroup?: ApplicationTargetGroup;

  /** The number of tasks, for further policies: by time, CPU or memory. */
  readonly taskCount: ecs.ScalableTaskCount;

  /** The role that the worker's own code acts with, so that the worker can be given to any `grant` method. */
  readonly grantPrincipal: iam.IPrincipal;

  /** The network connections of the tasks. */
  readonly connections: Connections;

  readonly #queues: readonly IQueue[];
  readonly #scaling: QueueScaling;
  readonly #maxTasks: number;
  readonly #fallbackQueue?: IQueue;

  constructor(scope: Construct, id: string, props: QueueScaledFargateWorkerProps) {
    super(scope, id);
    checkProps(this, props);
    this.#scaling = props.scaling ?? QueueScaling.exact();
    this.#maxTasks = props.maxTasks ?? WorkerDefaults.maxTasks;

    const work = resolveWorkerQueue(this, props);
    checkProcessingTime(this, props, work.lease);
    this.queue = work.queue;
    this.deadLetterQueue = work.deadLetterQueue;
    this.deadLetterAlarm = work.deadLetterAlarm;

    const further = resolveFurtherQueues(this, props);
    this.additionalQueues = Object.fromEntries(
      further.map(({ id, queue, deadLetterQueue, deadLetterAlarm }) => [
        id,
        { queue, deadLetterQueue, deadLetterAlarm },
      ]),
    );
    this.#queues = [work, ...further].map(({ queue }) => queue);

    const task = resolveWorkerTask(this, props, this.#renderEnvironment(props, work, further));
    this.taskDefinition = task.taskDefinition;
    this.container = task.container;
    this.logGroup = task.logGroup;
    this.grantPrincipal = task.taskDefinition.taskRole;
    for (const { queue, deadLetterQueue } of [work, ...further]) {
      grantWork(queue, this);
      if (deadLetterQueue !== undefined) {
        grantSend(deadLetterQueue, this);
      }
    }

    if (props.ingress !== undefined) {
      openPort(this.container, props.ingress);
    }
    this.service = this.#createService(props);
    this.connections = this.service.connections;
    this.targetGroup = props.ingress && createIngress(this, this.service, this.container, props.ingress);
    allowToVolumes(this.connections, props);
    warnOfSubnets(this, props);
    this.#useScaleInProtection(props);

    this.taskCount = this.#createTaskCount(props);
    this.#scale(props);
    if (props.wake?.enabled ?? false) {
      const wakeUp = this.#createWakeUp(props);
      this.wakeUpQueue = wakeUp.queue;
      this.wakeUpAlarm = wakeUp.deadLetterAlarm;
    }
    if (props.fallbackToOnDemand ?? false) {
      const fallback = createSpotFallback(this, {
        service: this.service,
        strategy: capacityOf(props),
        alarmActions: props.alarmActions,
      });
      this.#fallbackQueue = fallback.queue;
      this.onDemandFallbackAlarm = fallback.deadLetterAlarm;
    }

    this.oldestMessageAlarm =
      props.alarmOldestMessageAge &&
      createOldestMessageAlarm(this, this.#oldestMessageAge(), props.alarmOldestMessageAge, props);
    this.notStartingAlarm =
      props.alarmNotStartingFor &&
      createNotStartingAlarm(this, this.metricJobsNotStarted(), props.alarmNotStartingFor, props);
    this.saturationAlarm =
      props.alarmSaturatedFor && createSaturationAlarm(this, this.metricBacklog(), props.alarmSaturatedFor, props);
  }

  /**
   * Lets `grantee` put jobs into `queue`.
   *
   * @param grantee who sends jobs
   */
  grantSendMessages(grantee: iam.IGrantable): iam.Grant {
    return grantSend(this.queue, grantee);
  }

  /**
   * Lets `grantee` wake the worker after it has put jobs into the queue itself. Its code calls `wakeWorker` of
   * fileworks-runtime with the URL
   * of `wakeUpQueue`.
   *
   * @param grantee who sends jobs
   */
  grantWake(grantee: iam.IGrantable): iam.Grant {
    if (this.wakeUpQueue === undefined) {
      throw new ValidationError('grantWake needs wake: WakeUp.onArrival(); without it, there is nothing to wake', this);
    }
    return grantSend(this.wakeUpQueue, grantee);
  }

  /**
   * Lets the worker store results: put objects, also in parts, give up an upload, and read what is there, to tell
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
   * Changes the fewest and most tasks at certain times, for example to have tasks ready when the day's files come.
   *
   * Within them, `scaling` goes on. Not together with `wake`.
   *
   * @param id name of the schedule, unique in the worker
   * @param options when, and how many
   */
  scaleOnSchedule(id: string, options: ScheduledTaskCountOptions): void {
    const { schedule, timeZone, minTasks, maxTasks } = options;
    if (this.wakeUpQueue !== undefined) {
      throw new ValidationError(
        'scaleOnSchedule cannot be used together with WakeUp.onArrival(), which raises the fewest tasks and gives them back as minTasks, whatever a schedule ' +
          'has set; leave out wake, or let it start the tasks when files come',
        this,
      );
    }
    checkWholeNumber('minTasks', minTasks, { min: 0, max: this.#maxTasks }, this);
    checkWholeNumber('maxTasks', maxTasks, { min: minTasks ?? 0, max: this.#maxTasks }, this);
    if (minTasks === undefined && maxTasks === undefined) {
      throw new ValidationError('minTasks or maxTasks is missing; give at least one of them', this);
    }
    this.taskCount.scaleOnSchedule(id, { schedule, timeZone, minCapacity: minTasks, maxCapacity: maxTasks });
  }

  /**
   * Adds tasks when they are short of CPU. Not together with `QueueScaling.exact()`.
   *
   * @param options what is aimed at
   */
  scaleOnCpuUtilization(options: UtilizationScalingOptions): void {
    this.taskCount.scaleOnCpuUtilization('Cpu', this.#renderUtilization('scaleOnCpuUtilization', options));
  }

  /**
   * Adds tasks when they are short of memory. Not together with `QueueScaling.exact()`.
   *
   * @param options what is aimed at
   */
  scaleOnMemoryUtilization(options: UtilizationScalingOptions): void {
    this.taskCount.scaleOnMemoryUtilization('Memory', this.#renderUtilization('scaleOnMemoryUtilization', options));
  }

  /**
   * Jobs that wait or are in work, in all queues: what the scaling follows.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricBacklog(props: cloudwatch.MathExpressionOptions = {}): cloudwatch.MathExpression {
    return expressionOf(
      `${this.#sumOf('visible')} + ${this.#sumOf('inFlight')}`,
      'Backlog',
      { ...this.#visible(), ...this.#inFlight() },
      props,
    );
  }

  /**
   * Jobs that wait, in all queues, while none is in work; 0 as soon as a task works on one.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricJobsNotStarted(props: cloudwatch.MathExpressionOptions = {}): cloudwatch.MathExpression {
    const expression = `IF(${this.#sumOf('inFlight')} > 0, 0, ${this.#sumOf('visible')})`;
    return expressionOf(expression, 'Waiting, none in work', { ...this.#inFlight(), ...this.#visible() }, props);
  }

  /**
   * Jobs in `queue` that wait for a task.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricMessagesVisible(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.queue.metricApproximateNumberOfMessagesVisible({ ...eachMinute, ...props });
  }

  /**
   * Jobs of `queue` that a task works on.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricMessagesInFlight(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.queue.metricApproximateNumberOfMessagesNotVisible({ ...eachMinute, ...props });
  }

  /**
   * Seconds that the oldest job of `queue` has waited or worked.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricOldestMessageAge(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.queue.metricApproximateAgeOfOldestMessage({ ...eachMinute, ...props });
  }

  /**
   * Jobs in the dead-letter queue of `queue`; undefined when that is not known.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricDeadLetters(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric | undefined {
    return this.deadLetterQueue?.metricApproximateNumberOfMessagesVisible({ ...eachMinute, ...props });
  }

  /**
   * Jobs that arrived: messages sent to `queue`.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricJobsArrived(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.queue.metricNumberOfMessagesSent({ ...sumOfMinute, ...props });
  }

  /**
   * More than 0 while the service runs on demand for want of Spot capacity; undefined without `fallbackToOnDemand`.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricOnDemandFallback(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric | undefined {
    return this.#fallbackQueue?.metricApproximateNumberOfMessagesNotVisible({ ...eachMinute, ...props });
  }

  /**
   * Jobs of `queue` whose handler returned, as `runWorker` of fileworks-runtime counts them.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricJobsSucceeded(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#runtimeMetric(WorkerMetrics.jobsSucceeded, { ...sumOfMinute, ...props });
  }

  /**
   * Attempts at jobs of `queue` whose handler threw, as `runWorker` of fileworks-runtime counts them. The job goes back
   * to the queue.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricJobsFailed(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#runtimeMetric(WorkerMetrics.jobsFailed, { ...sumOfMinute, ...props });
  }

  /**
   * Milliseconds that a handler took for a job of `queue`, as `runWorker` of fileworks-runtime measures them.
   *
   * @param props options of the metric; by default the 95th percentile of each minute
   */
  metricJobDuration(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#runtimeMetric(WorkerMetrics.jobDuration, {
      period: Duration.minutes(1),
      statistic: cloudwatch.Stats.p(95),
      ...props,
    });
  }

  /**
   * CPU utilization of the tasks in percent of what they have.
   *
   * @param props options of the metric; by default the average of each minute
   */
  metricCpuUtilization(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.service.metricCpuUtilization({ period: Duration.minutes(1), ...props });
  }

  /**
   * Memory utilization of the tasks in percent of what they have.
   *
   * @param props options of the metric; by default the average of each minute
   */
  metricMemoryUtilization(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.service.metricMemoryUtilization({ period: Duration.minutes(1), ...props });
  }

  #visible(): Record<string, cloudwatch.IMetric> {
    return ofQueues(
      'visible',
      this.#queues.map((queue) => queue.metricApproximateNumberOfMessagesVisible(eachMinute)),
    );
  }

  #inFlight(): Record<string, cloudwatch.IMetric> {
    return ofQueues(
      'inFlight',
      this.#queues.map((queue) => queue.metricApproximateNumberOfMessagesNotVisible(eachMinute)),
    );
  }

  #oldestMessageAge(): cloudwatch.IMetric {
    const [only, ...others] = this.#queues.map((queue) => queue.metricApproximateAgeOfOldestMessage(eachMinute));
    if (others.length === 0) {
      return only;
    }
    const ages = ofQueues('age', [only, ...others]);
    return expressionOf(`MAX([${Object.keys(ages).join(', ')}])`, 'Oldest message', ages, {});
  }

  #sumOf(name: string): string {
    return sumOf(name, this.#queues.length);
  }

  #runtimeMetric(metricName: string, props: cloudwatch.MetricOptions): cloudwatch.Metric {
    const dimensionsMap = { [MetricDimensions.queue]: this.queue.queueName };
    return new cloudwatch.Metric({ namespace: METRIC_NAMESPACE, metricName, dimensionsMap, ...props }).attachTo(this);
  }

  #renderEnvironment(
    props: QueueScaledFargateWorkerProps,
    work: WorkerQueue,
    further: readonly FurtherQueue[],
  ): Record<string, string> {
    const protection = props.scaleInProtection ?? true;
    const stopTimeout =
      props.stopTimeout ?? (props.taskDefinition === undefined ? WorkerDefaults.stopTimeout : undefined);
    return {
      [WorkerEnv.queueUrl]: work.queue.queueUrl,
      ...(work.deadLetterQueue && { [WorkerEnv.deadLetterQueueUrl]: work.deadLetterQueue.queueUrl }),
      ...renderQueues(this, props, further),
      [WorkerEnv.visibilityTimeoutSeconds]: String(work.lease.toSeconds()),
      ...(work.maxReceiveCount !== undefined && { [WorkerEnv.maxReceiveCount]: String(work.maxReceiveCount) }),
      ...(stopTimeout && { [WorkerEnv.stopTimeoutSeconds]: String(stopTimeout.toSeconds()) }),
      [WorkerEnv.concurrency]: String(props.concurrency ?? WorkerDefaults.concurrency),
      [WorkerEnv.scaleInProtection]: protection ? ScaleInProtectionMode.enabled : ScaleInProtectionMode.disabled,
      ...(props.healthCheck?.port !== undefined && { [WorkerEnv.healthPort]: String(props.healthCheck.port) }),
    };
  }

  #createService(props: QueueScaledFargateWorkerProps): ecs.FargateService {
    const service = new ecs.FargateService(this, 'Service', {
      cluster: props.cluster,
      taskDefinition: this.taskDefinition,
      // Always a strategy and never a launch type: from one strategy to another, a service need not be replaced.
      capacityProviderStrategies: capacityOf(props),
      vpcSubnets: props.vpcSubnets,
      securityGroups: props.securityGroups,
      assignPublicIp: props.assignPublicIp ?? false,
      minHealthyPercent: WorkerDefaults.minHealthyPercent,
      maxHealthyPercent: WorkerDefaults.maxHealthyPercent,
      circuitBreaker: { enable: true, rollback: true },
      enableECSManagedTags: true,
      propagateTags: ecs.PropagatedTagSource.SERVICE,
      enableExecuteCommand: props.enableExecuteCommand ?? false,
    });
    // A count in the template would undo the scaling with each deployment.
    (service.node.defaultChild as ecs.CfnService).desiredCount = undefined;
    useFargateCapacity(props.cluster, service);
    if (props.enableExecuteCommand ?? false) {
      acknowledge(
        this.taskDefinition.taskRole,
        'AwsSolutions-IAM5[Resource::*]',
        'The channels by which a shell in a task talks to Systems Manager have no ARNs',
      );
    }
    return service;
  }

  #useScaleInProtection(props: QueueScaledFargateWorkerProps): void {
    const scaled = (props.minTasks ?? WorkerDefaults.minTasks) < this.#maxTasks;
    if (!(props.scaleInProtection ?? true)) {
      if (scaled) {
        warn(
          this,
          'QueueScaledFargateWorker.unprotectedScaleIn',
          'Without scaleInProtection, scale-in can stop a task that is working; its job goes back to the queue and starts again',
        );
      }
      return;
    }
    const { cluster } = props;
    const tasks = Stack.of(cluster).formatArn({
      service: 'ecs',
      region: cluster.env.region,
      account: cluster.env.account,
      resource: 'task',
      resourceName: `${cluster.clusterName}/*`,
    });
    iam.Grant.addToPrincipal({ grantee: this, actions: ['ecs:UpdateTaskProtection'], resourceArns: [tasks] });
    acknowledgeWildcard(
      this.taskDefinition.taskRole,
      tasks,
      'The id of a task is not known before it starts; the cluster bounds it',
    );
  }

  #createTaskCount(props: QueueScaledFargateWorkerProps): ecs.ScalableTaskCount {
    return this.service.autoScaleTaskCount({
      minCapacity: props.minTasks ?? WorkerDefaults.minTasks,
      maxCapacity: this.#maxTasks,
    });
  }

  #renderUtilization(method: string, options: UtilizationScalingOptions): ecs.CpuUtilizationScalingProps {
    if (this.#scaling.setsExactCapacity) {
      throw new ValidationError(
        `${method} cannot be used with QueueScaling.exact(), which would take the added tasks away within a minute; use QueueScaling.backlogPerTask()`,
        this,
      );
    }
    checkWholeNumber('targetPercent', options.targetPercent, { min: 1, max: 100 }, this);
    return {
      targetUtilizationPercent: options.targetPercent,
      disableScaleIn: !(options.allowScaleIn ?? false),
      scaleOutCooldown: options.scaleOutCooldown ?? WorkerDefaults.utilizationCooldown,
    };
  }

  #createWakeUp(props: QueueScaledFargateWorkerProps): WorkQueue {
    return createWakeUp(this, {
      service: this.service,
      jobs: this.#queues,
      minTasks: props.minTasks ?? WorkerDefaults.minTasks,
      maxTasks: this.#maxTasks,
      messagesPerTask: this.#scaling.messagesPerTask(props.concurrency ?? WorkerDefaults.concurrency),
      alarmActions: props.alarmActions,
    });
  }

  #scale(props: QueueScaledFargateWorkerProps): void {
    const scalableTarget = this.taskCount.node.findChild('Target');
    if (!(scalableTarget instanceof ScalableTarget)) {
      throw new ValidationError(
        'this version of aws-cdk-lib keeps no ScalableTarget below the task count; use one that cdk-fileworks was tested with',
        this,
      );
    }
    this.#scaling.bind(new Construct(this, 'Scaling'), {
      service: this.service,
      taskCount: this.taskCount,
      scalableTarget,
      backlog: this.metricBacklog(),
      minTasks: props.minTasks ?? WorkerDefaults.minTasks,
      maxTasks: this.#maxTasks,
      concurrency: props.concurrency ?? WorkerDefaults.concurrency,
    });
  }
}

const capacityOf = ({ capacity }: QueueScaledFargateWorkerProps) =>
  (capacity ?? SpotStrategy.spotOnly()).capacityProviderStrategies;
const eachMinute: cloudwatch.MetricOptions = { period: Duration.minutes(1), statistic: cloudwatch.Stats.MAXIMUM };
const sumOfMinute: cloudwatch.MetricOptions = { period: Duration.minutes(1), statistic: cloudwatch.Stats.SUM };
