import { Duration, Stack, Tokenization } from 'aws-cdk-lib';
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
import { backlogOf, demandOf, notStartedOf } from '../../contract/queue-metrics';
import { CloudWatchLimits } from '../../contract/service-limits';
import { ScaleInProtectionMode, WorkerEnv } from '../../contract/worker-env';
import { checkSpotPlatform, SpotStrategy, useFargateCapacity, warnWithoutSpot } from '../capacity';
import { acknowledge, acknowledgeWildcard } from '../private/acknowledge';
import { allowToVolumes } from '../fargate-task';
import { grantProcess, grantSend } from '../private/grants';
import { grantResultObjects } from '../private/object-grants';
import { checkDuration, checkWholeNumber } from '../private/checks';
import { describeSecurityGroups } from '../private/paths';
import { ValidationError } from '../private/validation-error';
import { checkSoleConsumer } from '../private/sole-owner';
import { createDependencyUnavailableAlarm } from '../private/dependency-alarm';
import { warnOfSubnets } from '../private/subnets';
import { createNotStartingAlarm, createOldestMessageAlarm } from '../private/queue-alarms';
import { warn } from '../private/warning';
import type { WorkQueue } from '../private/work-queue';
import type { AdditionalQueue } from './additional-queue';
import { WorkerDefaults } from './defaults';
import { createSaturationAlarm } from './private/alarms';
import { checkProcessingTime, checkProps } from './private/checks';
import { createIngress, createSpotFallback, createWakeUp, openPort } from './private';
import { expressionOf, ofQueues } from './private/queue-metrics';
import { renderQueues } from './private/render-queues';
import { resolveFurtherQueues, resolveWorkerQueue, type FurtherQueue, type WorkerQueue } from './private/worker-queue';
import { resolveWorkerTask } from './private/worker-task';
import type { QueueScaledFargateWorkerProps } from './queue-scaled-fargate-worker-props';
import { QueueScaling } from './queue-scaling';
import type { ScheduledTaskCountOptions, UtilizationScalingOptions } from './task-count-options';

/**
 * A Fargate service that processes jobs from a queue, with as many tasks as the backlog needs and none when it is
 * empty.
 *
 * It creates the queue with a dead-letter queue and an alarm, a task definition that passes the queue to the container
 * in environment variables, the service, and its scaling by visible and in-flight messages. Tasks run on Spot. A task
 * protects itself from scale-in while it works, and has 120 seconds to drain or release its messages when it must stop.
 *
 * The container runs a program that calls `runWorker` of fileworks-runtime. Another program can implement the same
 * contract: read the queue URL from `FILEWORKS_QUEUE_URL`, extend the lease of a message while processing it, protect
 * the task through `ECS_AGENT_URI`, delete a message after its result is stored, and stop on SIGTERM. Declare what it
 * does not do: `heartbeat: false`, `scaleInProtection: false`.
 *
 * Limitations:
 * - The construct creates no VPC, NAT gateway or endpoint; the subnets of the tasks need a route to ECR, CloudWatch
 *   Logs, SQS and S3.
 * - The first deployment starts one task, so that a broken image fails the deployment and not the first file.
 * - SQS sends no metrics for a queue that was idle for six hours; the first message after that can wait for several
 *   minutes, unless `wake` is set.
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
   * The queue for jobs that failed on every attempt; undefined only for an existing queue whose dead-letter queue is
   * unknown.
   */
  readonly deadLetterQueue?: IQueue;

  /** In ALARM while the dead-letter queue holds messages; undefined without a known dead-letter queue. */
  readonly deadLetterAlarm?: cloudwatch.Alarm;

  /** The additional queues, by their names in `additionalQueues`. */
  readonly additionalQueues: Record<string, AdditionalQueue>;

  /** The service that runs the tasks. */
  readonly service: ecs.FargateService;

  /** The task definition of the service. */
  readonly taskDefinition: ecs.FargateTaskDefinition;

  /** The container of the worker. */
  readonly container: ecs.ContainerDefinition;

  /** The log group of the container; undefined for an existing task definition. */
  readonly logGroup?: ILogGroup;

  /**
   * In ALARM while jobs wait for a dependency that has been unavailable for five minutes, as reported by `runWorker` of
   * fileworks-runtime.
   */
  readonly dependencyUnavailableAlarm: cloudwatch.Alarm;

  /** In ALARM when the oldest message is older than `alarmOldestMessageAge`; undefined if that is zero. */
  readonly oldestMessageAlarm?: cloudwatch.Alarm;

  /** In ALARM when messages are visible and none is in flight for `alarmNotStartingFor`; undefined if that is zero. */
  readonly notStartingAlarm?: cloudwatch.Alarm;

  /**
   * In ALARM when the backlog exceeds the capacity of `maxTasks` tasks for `alarmSaturatedFor`; undefined without it.
   */
  readonly saturationAlarm?: cloudwatch.Alarm;

  /** The FIFO queue for the messages of `wakeWorker`; undefined without `wake`. */
  readonly wakeUpQueue?: IQueue;

  /** In ALARM when wake-ups fail; undefined without `wake`. */
  readonly wakeUpAlarm?: cloudwatch.Alarm;

  /** In ALARM when the change to on-demand capacity, or back, fails; undefined without `fallbackToOnDemand`. */
  readonly onDemandFallbackAlarm?: cloudwatch.Alarm;

  /** The target group of `ingress`; undefined without it. */
  readonly targetGroup?: ApplicationTargetGroup;

  /** The task count, for additional scaling policies: by time, CPU or memory. */
  readonly taskCount: ecs.ScalableTaskCount;

  /** The principal of the task role, so that you can pass the worker to any `grant` method. */
  readonly grantPrincipal: iam.IPrincipal;

  /** The network connections of the tasks. */
  readonly connections: Connections;

  readonly #queues: readonly IQueue[];
  readonly #scaling: QueueScaling;
  readonly #maxTasks: number;
  readonly #fallbackQueue?: IQueue;
  readonly #schedules = new Set<string>();

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
    checkSoleConsumer(this, 'queue', work.queue);
    for (const { id: name, queue } of further) {
      checkSoleConsumer(this, `additionalQueues.${name}`, queue);
    }

    const task = resolveWorkerTask(this, props, this.#renderEnvironment(props, work, further));
    this.taskDefinition = task.taskDefinition;
    checkSpotPlatform(this, this.taskDefinition, capacityOf(props));
    warnWithoutSpot(this, capacityOf(props), this.#maxTasks);
    this.container = task.container;
    this.logGroup = task.logGroup;
    this.grantPrincipal = task.taskDefinition.taskRole;
    for (const { queue, deadLetterQueue } of [work, ...further]) {
      grantProcess(queue, this);
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
        strategy: capacityOf(props).capacityProviderStrategies,
      });
      this.#fallbackQueue = fallback.queue;
      this.onDemandFallbackAlarm = fallback.deadLetterAlarm;
    }

    this.dependencyUnavailableAlarm = createDependencyUnavailableAlarm(this, 'Jobs', this.#unavailableTimes());
    this.oldestMessageAlarm = createOldestMessageAlarm(this, {
      metric: this.#oldestMessageAge(),
      queues: this.#queues,
      age: props.alarmOldestMessageAge,
      runbook: 'worker-oldest-message',
    });
    this.notStartingAlarm = createNotStartingAlarm(this, {
      metric: this.metricJobsNotStarted(),
      time: props.alarmNotStartingFor,
      reason: 'its tasks do not start, or receive no messages',
      runbook: 'worker-not-starting',
    });
    this.saturationAlarm =
      props.alarmSaturatedFor && createSaturationAlarm(this, this.metricBacklog(), props.alarmSaturatedFor, props);
  }

  /**
   * Allows `grantee` to send jobs to `queue`.
   *
   * @param grantee the producer of jobs
   */
  grantSendMessages(grantee: iam.IGrantable): iam.Grant {
    return grantSend(this.queue, grantee);
  }

  /**
   * Allows `grantee` to wake the worker after it has sent jobs to the queue itself. Its code calls `wakeWorker` of
   * fileworks-runtime with the URL of `wakeUpQueue`.
   *
   * @param grantee the producer of jobs
   */
  grantWake(grantee: iam.IGrantable): iam.Grant {
    if (this.wakeUpQueue === undefined) {
      throw new ValidationError('grantWake needs wake: WakeUp.onArrival(); set it on the worker', this);
    }
    return grantSend(this.wakeUpQueue, grantee);
  }

  /**
   * Allows the worker to store results: to put objects, also with multipart uploads, to abort uploads, and to read
   * existing objects in order to detect results that are already stored. It may neither list nor delete objects.
   *
   * @param bucket the bucket for results
   * @param prefix key prefix of the results; by default all keys
   */
  grantStoreResults(bucket: IBucket, prefix = ''): iam.Grant {
    return grantResultObjects(bucket, this, prefix);
  }

  /**
   * Changes the minimum and maximum task count at certain times, for example to have tasks ready when the day's files
   * arrive.
   *
   * Within these bounds, `scaling` continues. Cannot be combined with `wake`.
   *
   * @param id name of the schedule, unique in the worker
   * @param options the schedule and the bounds
   */
  scaleOnSchedule(id: string, options: ScheduledTaskCountOptions): void {
    const { schedule, timeZone, minTasks, maxTasks } = options;
    if (this.wakeUpQueue !== undefined) {
      throw new ValidationError(
        'scaleOnSchedule cannot be used together with WakeUp.onArrival(), which raises the minimum task count and then resets it to minTasks, whatever a schedule ' +
          'has set; omit wake, or let it start the tasks when files arrive',
        this,
      );
    }
    checkWholeNumber('minTasks', minTasks, { min: 0, max: this.#maxTasks }, this);
    checkWholeNumber('maxTasks', maxTasks, { min: minTasks ?? 0, max: this.#maxTasks }, this);
    if (minTasks === undefined && maxTasks === undefined) {
      throw new ValidationError('minTasks or maxTasks is missing; set at least one of them', this);
    }
    if (this.#schedules.has(id) || id.trim() === '') {
      throw new ValidationError(
        `a schedule needs a name that is not empty and that no other schedule of the worker has, got: '${id}'; use another one`,
        this,
      );
    }
    this.#schedules.add(id);
    this.taskCount.scaleOnSchedule(id, { schedule, timeZone, minCapacity: minTasks, maxCapacity: maxTasks });
  }

  /**
   * Adds tasks when CPU utilization is high. Cannot be combined with `QueueScaling.exact()`.
   *
   * @param options the target
   */
  scaleOnCpuUtilization(options: UtilizationScalingOptions): void {
    this.taskCount.scaleOnCpuUtilization('Cpu', this.#renderUtilization('scaleOnCpuUtilization', options));
  }

  /**
   * Adds tasks when memory utilization is high. Cannot be combined with `QueueScaling.exact()`.
   *
   * @param options the target
   */
  scaleOnMemoryUtilization(options: UtilizationScalingOptions): void {
    this.taskCount.scaleOnMemoryUtilization('Memory', this.#renderUtilization('scaleOnMemoryUtilization', options));
  }

  /**
   * Visible and in-flight messages of all queues, which the scaling follows; no data point in a minute in which no
   * queue reports its visible messages.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricBacklog(props: cloudwatch.MathExpressionOptions = {}): cloudwatch.MathExpression {
    return this.#overQueues(backlogOf, 'Backlog', props);
  }

  /**
   * Visible messages of all queues while none is in flight; 0 as soon as one is.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricJobsNotStarted(props: cloudwatch.MathExpressionOptions = {}): cloudwatch.MathExpression {
    return this.#overQueues(notStartedOf, 'Visible, none in flight', props);
  }

  /**
   * Seconds for which a dependency of jobs of `queue` has been unavailable, as reported by `runWorker` of
   * fileworks-runtime; no data point while all dependencies answer.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricDependencyUnavailableTime(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#runtimeMetric(WorkerMetrics.dependencyUnavailableTime, { ...eachMinute, ...props });
  }

  /** Visible messages of `queue`.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricMessagesVisible(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.queue.metricApproximateNumberOfMessagesVisible({ ...eachMinute, ...props });
  }

  /** Messages of `queue` in flight.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricMessagesInFlight(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.queue.metricApproximateNumberOfMessagesNotVisible({ ...eachMinute, ...props });
  }

  /**
   * Age of the oldest message of `queue`, visible or in flight, in seconds.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricOldestMessageAge(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.queue.metricApproximateAgeOfOldestMessage({ ...eachMinute, ...props });
  }

  /**
   * Messages in the dead-letter queue of `queue`; undefined if it is unknown.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricDeadLetters(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric | undefined {
    return this.deadLetterQueue?.metricApproximateNumberOfMessagesVisible({ ...eachMinute, ...props });
  }

  /**
   * Messages sent to `queue`.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricJobsArrived(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.queue.metricNumberOfMessagesSent({ ...sumOfMinute, ...props });
  }

  /**
   * More than 0 while the service runs on demand because Spot capacity is unavailable; undefined without
   * `fallbackToOnDemand`.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricOnDemandFallback(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric | undefined {
    return this.#fallbackQueue?.metricApproximateNumberOfMessagesNotVisible({ ...eachMinute, ...props });
  }

  /**
   * Jobs of `queue` that succeeded, as counted by `runWorker` of fileworks-runtime.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricJobsSucceeded(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#runtimeMetric(WorkerMetrics.jobsSucceeded, { ...sumOfMinute, ...props });
  }

  /**
   * Attempts at jobs of `queue` that failed, as counted by `runWorker` of fileworks-runtime. The job is released for a
   * retry.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricJobsFailed(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.#runtimeMetric(WorkerMetrics.jobsFailed, { ...sumOfMinute, ...props });
  }

  /**
   * Duration of the handler for a job of `queue` in milliseconds, as measured by `runWorker` of fileworks-runtime.
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
   * CPU utilization of the tasks, in percent.
   *
   * @param props options of the metric; by default the average of each minute
   */
  metricCpuUtilization(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.service.metricCpuUtilization({ period: Duration.minutes(1), ...props });
  }

  /**
   * Memory utilization of the tasks, in percent.
   *
   * @param props options of the metric; by default the average of each minute
   */
  metricMemoryUtilization(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.service.metricMemoryUtilization({ period: Duration.minutes(1), ...props });
  }

  #overQueues(
    render: typeof backlogOf,
    label: string,
    props: cloudwatch.MathExpressionOptions,
  ): cloudwatch.MathExpression {
    const visible = ofQueues(
      'visible',
      this.#queues.map((queue) => queue.metricApproximateNumberOfMessagesVisible(eachMinute)),
    );
    const inFlight = ofQueues(
      'inFlight',
      this.#queues.map((queue) => queue.metricApproximateNumberOfMessagesNotVisible(eachMinute)),
    );
    const expression = render(Object.keys(visible), Object.keys(inFlight));
    return expressionOf(expression, label, { ...visible, ...inFlight }, props);
  }

  #unavailableTimes(): cloudwatch.IMetric[] {
    return this.#queues.map((queue) => this.#runtimeMetric(WorkerMetrics.dependencyUnavailableTime, eachMinute, queue));
  }

  /** What the scaling follows. */
  #demand(): cloudwatch.MathExpression {
    const backlog = this.metricBacklog();
    if (this.#queues.length > MAX_QUEUES_WITH_UNAVAILABLE_TIME) {
      return backlog;
    }
    const unavailable = ofQueues('unavailable', this.#unavailableTimes());
    const expression = demandOf(backlog.expression, Object.keys(unavailable));
    return expressionOf(expression, 'Demand', { ...backlog.usingMetrics, ...unavailable }, {});
  }

  /** By SQS, and by the worker, because SQS passes over messages that were received three times. */
  #oldestMessageAge(): cloudwatch.IMetric {
    const ages = {
      ...ofQueues(
        'age',
        this.#queues.map((queue) => queue.metricApproximateAgeOfOldestMessage(eachMinute)),
      ),
      ...ofQueues(
        'held',
        this.#queues.map((queue) => this.#runtimeMetric(WorkerMetrics.oldestMessageAge, eachMinute, queue)),
      ),
    };
    return expressionOf(`MAX([${Object.keys(ages).join(', ')}])`, 'Oldest message', ages, {});
  }

  #runtimeMetric(metricName: string, props: cloudwatch.MetricOptions, queue: IQueue = this.queue): cloudwatch.Metric {
    const dimensionsMap = { [MetricDimensions.queue]: queue.queueName };
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
      [WorkerEnv.visibilityTimeoutSeconds]: Tokenization.stringifyNumber(work.lease.toSeconds()),
      ...(work.maxReceiveCount !== undefined && {
        [WorkerEnv.maxReceiveCount]: Tokenization.stringifyNumber(work.maxReceiveCount),
      }),
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
      // Always a strategy, never a launch type: a change of strategy does not replace the service.
      capacityProviderStrategies: capacityOf(props).capacityProviderStrategies,
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
    // A desired count in the template would reset the scaling with each deployment.
    (service.node.defaultChild as ecs.CfnService).desiredCount = undefined;
    describeSecurityGroups(service);
    useFargateCapacity(props.cluster, service);
    if (props.enableExecuteCommand ?? false) {
      acknowledge(
        this.taskDefinition.taskRole,
        'AwsSolutions-IAM5[Resource::*]',
        'The channels of ECS Exec to Systems Manager have no ARNs',
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
          'Without scaleInProtection, scale-in can stop a task that is working; its job is then released and starts again',
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
    acknowledgeWildcard(this.taskDefinition.taskRole, tasks, 'Task ids are unknown at synth; the cluster limits them');
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
        `${method} cannot be used with QueueScaling.exact(), which would remove the added tasks within a minute; use QueueScaling.backlogPerTask()`,
        this,
      );
    }
    checkWholeNumber('targetPercent', options.targetPercent, { min: 1, max: 100, tokens: true }, this);
    checkDuration('scaleOutCooldown', options.scaleOutCooldown, { min: 0 }, this);
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
    });
  }

  #scale(props: QueueScaledFargateWorkerProps): void {
    const scalableTarget = this.taskCount.node.findChild('Target');
    if (!(scalableTarget instanceof ScalableTarget)) {
      throw new ValidationError(
        'this version of aws-cdk-lib has no ScalableTarget below the task count; use a version that cdk-fileworks supports',
        this,
      );
    }
    this.#scaling.bind(new Construct(this, 'Scaling'), {
      service: this.service,
      taskCount: this.taskCount,
      scalableTarget,
      backlog: this.#demand(),
      minTasks: props.minTasks ?? WorkerDefaults.minTasks,
      maxTasks: this.#maxTasks,
      concurrency: props.concurrency ?? WorkerDefaults.concurrency,
    });
  }
}

/** An alarm holds three metrics for each queue then, and one more for target tracking. */
const MAX_QUEUES_WITH_UNAVAILABLE_TIME = Math.floor((CloudWatchLimits.maxMetricsPerAlarm - 1) / 3);
const capacityOf = ({ capacity }: QueueScaledFargateWorkerProps) => capacity ?? SpotStrategy.spotOnly();
const eachMinute: cloudwatch.MetricOptions = { period: Duration.minutes(1), statistic: cloudwatch.Stats.MAXIMUM };
const sumOfMinute: cloudwatch.MetricOptions = { period: Duration.minutes(1), statistic: cloudwatch.Stats.SUM };
