import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { ScheduleExpression, TimeWindow } from 'aws-cdk-lib/aws-scheduler';
import type { SpotStrategy } from '../capacity';
import type { FargateTaskProps } from '../fargate-task';
import type { JobSupervision } from './job-supervision';

/** Properties of `ScheduledFargateJob`. */
export interface ScheduledFargateJobProps extends FargateTaskProps {
  /**
   * The cluster, and with it the VPC, of the task. The construct adds the FARGATE and FARGATE_SPOT capacity providers
   * to an `ecs.Cluster` of the same app if they are missing; an imported cluster must have them.
   */
  readonly cluster: ICluster;

  /** The schedule of the job, with its time zone. */
  readonly schedule: ScheduleExpression;

  /**
   * The time window after the scheduled time in which the job starts, so that many jobs of the same hour do not start
   * at the same time.
   *
   * @default TimeWindow.off()
   */
  readonly timeWindow?: TimeWindow;

  /**
   * The start of the schedule.
   *
   * @default - immediately
   */
  readonly start?: Date;

  /**
   * The end of the schedule.
   *
   * @default - never
   */
  readonly end?: Date;

  /**
   * Whether the schedule starts the job.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * The supervision of the task after the schedule started it.
   *
   * @default JobSupervision.none()
   */
  readonly supervision?: JobSupervision;

  /**
   * The Fargate capacity of the task. After a Spot interruption, it is started again only with `supervision`.
   *
   * @default SpotStrategy.onDemand()
   */
  readonly capacity?: SpotStrategy;

  /**
   * The subnets of the task.
   *
   * @default - the private subnets with egress of the cluster's VPC
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the task.
   *
   * @default - a new group that allows all outbound and no inbound traffic
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * Whether the task has a public IP address, which it needs in public subnets only.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * How long EventBridge Scheduler tries to start a run before it sends the run to the dead-letter queue, from 1 minute
   * to 24 hours.
   *
   * @see https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
   * @default Duration.hours(1)
   */
  readonly maxEventAge?: Duration;

  /**
   * How many times EventBridge Scheduler retries the start of a run, from 0 to 185.
   *
   * @see https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
   * @default 185
   */
  readonly retryAttempts?: number;

  /**
   * How long no run may have succeeded before `missedAlarm` is in ALARM, from 1 hour to 7 days in whole hours, or
   * `Duration.hours(0)` for no such alarm. Only with `supervision`.
   *
   * Set it to a little more than the time between two runs. A job that has never run is in ALARM too.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
   * @default - twice the rate of `schedule`, or the longest time between two runs of its cron expression and an hour;
   * and the `maxDuration` of a run; in whole hours. No such alarm with `start` or `end`, if not `enabled`, for days
   * such as `L`, `15W` or `2#1`, or if it would be more than 7 days
   */
  readonly alarmMissedFor?: Duration;

  /**
   * The removal policy of the dead-letter queue. A retained queue keeps its messages when the stack is deleted.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
