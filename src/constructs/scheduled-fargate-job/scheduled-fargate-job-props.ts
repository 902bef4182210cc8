import type { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { ScheduleExpression, TimeWindow } from 'aws-cdk-lib/aws-scheduler';
import type { SpotStrategy } from '../capacity';
import type { FargateTaskProps } from '../fargate-task';
import type { JobSupervision } from './job-supervision';

/** Properties of `ScheduledFargateJob`. */
export interface ScheduledFargateJobProps extends FargateTaskProps {
  /**
   * The cluster that runs the task, and with it the VPC. An `ecs.Cluster` of the same app gets the FARGATE and
   * FARGATE_SPOT capacity providers if it
   * lacks them; an imported cluster must have them.
   */
  readonly cluster: ICluster;

  /** When the job runs, with its time zone. */
  readonly schedule: ScheduleExpression;

  /**
   * The time after the scheduled one within which the job may start, so that many jobs of one hour do not start in one
   * second.
   *
   * @default TimeWindow.off()
   */
  readonly timeWindow?: TimeWindow;

  /**
   * When the schedule begins.
   *
   * @default - at once
   */
  readonly start?: Date;

  /**
   * When the schedule ends.
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
   * Who watches the task after the schedule has started it.
   *
   * @default JobSupervision.none()
   */
  readonly supervision?: JobSupervision;

  /**
   * Which Fargate capacity runs the task. What Spot reclaims starts again only with `supervision`.
   *
   * @default SpotStrategy.onDemand()
   */
  readonly capacity?: SpotStrategy;

  /**
   * The subnets of the task.
   *
   * @default - the private subnets of the cluster's VPC that have a way out
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the task.
   *
   * @default - a new group that lets everything out and nothing in
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * Whether the task gets a public address; needed in public subnets, and only there.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * How long EventBridge Scheduler tries to start a run before it goes to the dead-letter queue, from 1 minute to 24
   * hours.
   *
   * @see https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
   * @default Duration.hours(1)
   */
  readonly maxEventAge?: Duration;

  /**
   * How often EventBridge Scheduler tries again to start a run, from 0 to 185.
   *
   * @see https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
   * @default 185
   */
  readonly retryAttempts?: number;

  /**
   * Rings an alarm when no run has succeeded for as long as this, from 1 hour to 7 days in whole hours. Only with
   * `supervision`.
   *
   * A little more than the time between two runs. A job that has never run rings it too.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
   * @default - no such alarm
   */
  readonly alarmMissedFor?: Duration;

  /**
   * What the alarms do when they ring, such as sending to an SNS topic.
   *
   * @default - alarms ring without telling anyone
   */
  readonly alarmActions?: IAlarmAction[];
}
