import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Connections, type IConnectable } from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { ContextAttribute, Schedule, ScheduleTargetInput, type IScheduleTarget } from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { JobEnv } from '../../contract/job-env';
import { EventBridgeLimits } from '../../contract/service-limits';
import { TaskRunEnv } from '../../contract/task-run-env';
import { SpotStrategy, useFargateCapacity } from '../capacity';
import { createAlarm } from '../private/alarm';
import { checkDuration, checkWholeNumber } from '../private/checks';
import { createTasksUnavailableAlarm, taskUnavailableTime } from '../private/dependency-alarm';
import { failedRuns, grantRunTask, OF_FAILED_RUNS, resolveFargateRun, type FargateRun } from '../fargate-run';
import { checkFargateTask } from '../fargate-task';
import { createMissedAlarm, MAX_MISSED_HOURS } from '../private/missed-runs';
import { nameOf, pathOf } from '../private/paths';
import { taskSubnets } from '../private/subnets';
import { checkAlarmTime } from '../private/queue-alarms';
import { createUndeliveredEvents } from '../private/undelivered-events';
import { ValidationError } from '../private/validation-error';
import { JobDefaults, SupervisionDefaults } from './defaults';
import { jobMissedAfter } from './private/missed-after';
import { createSupervisor } from './private/supervised-run';
import { TaggedTask } from './private/tagged-task';
import type { ScheduledFargateJobProps } from './scheduled-fargate-job-props';

/**
 * A Fargate task that runs on a schedule.
 *
 * EventBridge Scheduler starts it at the times and in the time zone of its schedule, retries for an hour if ECS does
 * not start it, and then sends the run to a dead-letter queue with an alarm. With `JobSupervision.stepFunctions()`, a
 * state machine also waits for the task: it retries a failed task, stops one that takes too long, prevents overlapping
 * runs, waits while a dependency is unavailable, and has an alarm for failed runs.
 *
 * `runScheduledJob` of fileworks-runtime reads its input from the environment and waits for dependencies.
 *
 * The environment variable `FILEWORKS_JOB_INPUT` holds the input of the run: from the schedule `{"scheduledTime":"…"}`,
 * which is the same for each retry of a run.
 *
 * Limitations:
 * - A run is started at least once. A job must be idempotent for one `scheduledTime`.
 * - Without supervision, the result of the task is not checked; `TaskLifecycleAlerts` can alert you if it fails.
 *
 * @example
 * new ScheduledFargateJob(this, 'Nightly', {
 *   cluster,
 *   image: ecs.ContainerImage.fromAsset('nightly'),
 *   schedule: ScheduleExpression.cron({ hour: '2', minute: '30', timeZone: TimeZone.EUROPE_BERLIN }),
 *   supervision: JobSupervision.stepFunctions({ maxDuration: Duration.hours(2) }),
 *   capacity: SpotStrategy.spotOnly(),
 * });
 */
@propertyInjectable
export class ScheduledFargateJob extends Construct implements iam.IGrantable, IConnectable {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.ScheduledFargateJob';

  /** The schedule that starts the job. */
  readonly schedule: Schedule;

  /** The task definition. */
  readonly taskDefinition: ecs.FargateTaskDefinition;

  /** The main container. */
  readonly container: ecs.ContainerDefinition;

  /** The state machine that supervises the task; undefined without supervision. */
  readonly stateMachine?: StateMachine;

  /** The queue for runs that could not be started. */
  readonly deadLetterQueue: IQueue;

  /** In ALARM while the dead-letter queue holds messages. */
  readonly deadLetterAlarm: cloudwatch.Alarm;

  /**
   * In ALARM while runs wait for a dependency that has been unavailable for five minutes; with supervision, also for
   * ECS.
   */
  readonly dependencyUnavailableAlarm: cloudwatch.Alarm;

  /** In ALARM when a run failed after its retries, or took too long; undefined without supervision. */
  readonly failureAlarm?: cloudwatch.Alarm;

  /** In ALARM when no run has succeeded for `alarmMissedFor`; undefined if that is zero, or has no default. */
  readonly missedAlarm?: cloudwatch.Alarm;

  /** The principal of the task role, so that you can pass the job to any `grant` method. */
  readonly grantPrincipal: iam.IPrincipal;

  /** The network connections of the task. */
  readonly connections: Connections;

  readonly #run: FargateRun;

  constructor(scope: Construct, id: string, props: ScheduledFargateJobProps) {
    super(scope, id);
    this.#checkProps(props);
    this.#run = resolveFargateRun(
      this,
      props,
      { name: 'Job', streamPrefix: 'job' },
      props.capacity ?? SpotStrategy.onDemand(),
    );
    this.taskDefinition = this.#run.taskDefinition;
    this.container = this.#run.container;
    this.grantPrincipal = this.taskDefinition.taskRole;
    this.connections = new Connections({ securityGroups: this.#run.network.securityGroups });

    const undelivered = createUndeliveredEvents(this, {
      description: `Runs of ${pathOf(this)} could not be started and are in its dead-letter queue`,
      runbook: 'scheduled-job-not-started',
      removalPolicy: props.removalPolicy,
    });
    this.deadLetterQueue = undelivered.deadLetterQueue;
    this.deadLetterAlarm = undelivered.deadLetterAlarm;

    const supervision = props.supervision?.options;
    this.stateMachine = supervision && createSupervisor(this, this.#run, supervision);
    this.schedule = new Schedule(this, 'Schedule', {
      schedule: props.schedule,
      description: `Runs of ${pathOf(this)}`,
      timeWindow: props.timeWindow,
      start: props.start,
      end: props.end,
      enabled: props.enabled ?? true,
      target: this.#createTarget(props),
    });
    useFargateCapacity(props.cluster, this.stateMachine ?? this.schedule);

    this.dependencyUnavailableAlarm = createTasksUnavailableAlarm(this, 'Runs');
    this.failureAlarm = this.stateMachine && this.#createFailureAlarm();
    const missedFor =
      props.alarmMissedFor ??
      (supervision && jobMissedAfter(props, supervision.maxDuration ?? SupervisionDefaults.maxDuration));
    this.missedAlarm = missedFor && this.#createMissedAlarm(missedFor);
  }

  /**
   * Allows `grantee` to run the job: with supervision, by starting an execution of `stateMachine`, whose input
   * `FILEWORKS_JOB_INPUT` holds; without, with `ecs:RunTask`.
   *
   * @param grantee the starter of runs
   */
  grantRun(grantee: iam.IGrantable): iam.Grant {
    return this.stateMachine?.grantStartExecution(grantee) ?? grantRunTask(this.#run, grantee);
  }

  /**
   * Runs that failed after their retries, timed out or were aborted; undefined without supervision.
   *
   * @param props options of the metric; by default the sum of each minute
   */
  metricFailedRuns(props: cloudwatch.MathExpressionOptions = {}): cloudwatch.MathExpression | undefined {
    const { stateMachine } = this;
    return stateMachine && failedRuns(stateMachine, props);
  }

  /**
   * Seconds for which runs have waited for a dependency, or for ECS; no data point while all answer.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricDependencyUnavailableTime(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return taskUnavailableTime(this, props);
  }

  #createTarget(props: ScheduledFargateJobProps): IScheduleTarget {
    const delivery = {
      deadLetterQueue: this.deadLetterQueue,
      maxEventAge: props.maxEventAge ?? JobDefaults.maxEventAge,
      retryAttempts: props.retryAttempts ?? JobDefaults.retryAttempts,
    };
    const why = { scheduledTime: ContextAttribute.scheduledTime };
    if (this.stateMachine !== undefined) {
      return new StepFunctionsStartExecution(this.stateMachine, {
        ...delivery,
        input: ScheduleTargetInput.fromObject(why),
      });
    }
    const { container, capacity, network } = this.#run;
    return new TaggedTask(this.#run, {
      ...delivery,
      capacityProviderStrategies: capacity,
      vpcSubnets: taskSubnets(props),
      securityGroups: network.securityGroups,
      assignPublicIp: network.assignPublicIp,
      input: ScheduleTargetInput.fromObject({
        containerOverrides: [
          {
            name: container.containerName,
            environment: [
              { name: JobEnv.input, value: JSON.stringify(why) },
              { name: TaskRunEnv.name, value: nameOf(this) },
            ],
          },
        ],
      }),
    });
  }

  #createFailureAlarm(): cloudwatch.Alarm | undefined {
    const metric = this.metricFailedRuns();
    return (
      metric &&
      createAlarm(this, 'FailureAlarm', {
        description: `A run of ${pathOf(this)} failed after its retries, or took too long`,
        runbook: 'scheduled-job-failure',
        metric,
        threshold: 1,
        ...OF_FAILED_RUNS,
      })
    );
  }

  #createMissedAlarm(time: Duration): cloudwatch.Alarm | undefined {
    const metric = this.stateMachine?.metricSucceeded({ period: Duration.hours(1), statistic: cloudwatch.Stats.SUM });
    return (
      metric &&
      createMissedAlarm(this, {
        description: `No run of ${pathOf(this)} has succeeded for ${time.toHumanString()}`,
        runbook: 'scheduled-job-missed',
        metric,
        time,
      })
    );
  }

  #checkProps(props: ScheduledFargateJobProps): void {
    const { minEventAgeSeconds, maxEventAgeSeconds, maxRetryAttempts } = EventBridgeLimits;
    checkFargateTask(this, props, {
      excluded: { stopTimeout: props.stopTimeout },
      reserved: [...Object.values(JobEnv), ...Object.values(TaskRunEnv)],
    });
    checkDuration('maxEventAge', props.maxEventAge, { min: minEventAgeSeconds, max: maxEventAgeSeconds }, this);
    checkWholeNumber('retryAttempts', props.retryAttempts, { min: 0, max: maxRetryAttempts }, this);
    checkAlarmTime('alarmMissedFor', props.alarmMissedFor, { min: 1, max: MAX_MISSED_HOURS, unit: 'hours' }, this);
    if (props.alarmMissedFor !== undefined && props.supervision?.options === undefined) {
      throw new ValidationError(
        'alarmMissedFor needs supervision, which reports successful runs; set supervision: JobSupervision.stepFunctions()',
        this,
      );
    }
  }
}
