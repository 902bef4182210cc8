import type { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ContainerImage, CpuArchitecture, FargateTaskDefinition, ICluster, Secret } from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ScheduleExpression, TimeWindow } from 'aws-cdk-lib/aws-scheduler';
import type { SpotStrategy } from '../capacity';
import type { JobSupervision } from './job-supervision';

/** Properties of `ScheduledFargateJob`. */
export interface ScheduledFargateJobProps {
  /**
   * The cluster that runs the task, and with it the VPC. An `ecs.Cluster` of the same app gets the FARGATE and FARGATE_SPOT capacity providers if it
   * lacks them; an imported cluster must have them.
   */
  readonly cluster: ICluster;

  /** When the job runs, with its time zone. */
  readonly schedule: ScheduleExpression;

  /**
   * The time after the scheduled one within which the job may start, so that many jobs of one hour do not start in one second.
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
   * The job's image. Either this or `taskDefinition` must be given.
   *
   * @default - the image of `taskDefinition`
   */
  readonly image?: ContainerImage;

  /**
   * A task definition in place of `image`. Props that would configure a new task definition are then refused.
   *
   * @default - a new task definition with `image`
   */
  readonly taskDefinition?: FargateTaskDefinition;

  /**
   * Arguments of the container, in place of the image's CMD.
   *
   * @default - the image's CMD
   */
  readonly command?: string[];

  /**
   * Entry point of the container, in place of the image's ENTRYPOINT.
   *
   * @default - the image's ENTRYPOINT
   */
  readonly entryPoint?: string[];

  /**
   * Environment variables, readable by everyone who may describe the task definition; for secrets, use `secrets`.
   *
   * @default - only `FILEWORKS_JOB_INPUT`, which a run brings
   */
  readonly environment?: Record<string, string>;

  /**
   * Environment variables whose values ECS takes from Secrets Manager or Parameter Store when a task starts.
   *
   * @default - no secrets
   */
  readonly secrets?: Record<string, Secret>;

  /**
   * CPU units of a task: 256, 512, 1024, 2048, 4096, 8192 or 16384, where 1024 is one vCPU.
   *
   * @default 512
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
   */
  readonly cpu?: number;

  /**
   * Memory of a task in MiB; which values there are depends on `cpu`.
   *
   * @default 1024
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
   */
  readonly memoryLimitMiB?: number;

  /**
   * The architecture that the image was built for.
   *
   * @default CpuArchitecture.X86_64
   */
  readonly cpuArchitecture?: CpuArchitecture;

  /**
   * Disk of a task in GiB, from 21 to 200.
   *
   * @default - 20 GiB, which is in the price of a task
   */
  readonly ephemeralStorageGiB?: number;

  /**
   * Whether the container's root file system is read-only; `/tmp` is then a writable volume of the task.
   *
   * @default true
   */
  readonly readonlyRootFilesystem?: boolean;

  /**
   * The role that the job's own code acts with.
   *
   * @default - a new role without permissions; grant them to the job
   */
  readonly taskRole?: IRole;

  /**
   * The role that ECS acts with to start the task: it pulls the image, reads secrets and writes logs.
   *
   * @default - a new role
   */
  readonly executionRole?: IRole;

  /**
   * Time between SIGTERM and SIGKILL when the task is stopped, from 2 to 120 seconds.
   *
   * @default Duration.seconds(120)
   */
  readonly stopTimeout?: Duration;

  /**
   * An existing log group for the container's output. `logRetention` is then refused.
   *
   * @default - a new log group
   */
  readonly logGroup?: ILogGroup;

  /**
   * How long log lines are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;

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
   * How long EventBridge Scheduler tries to start a run before it goes to the dead-letter queue, from 1 minute to 24 hours.
   *
   * @default Duration.hours(1)
   */
  readonly maxEventAge?: Duration;

  /**
   * How often EventBridge Scheduler tries again to start a run, from 0 to 185.
   *
   * @default 185
   */
  readonly retryAttempts?: number;

  /**
   * Rings an alarm when no run has succeeded for as long as this, from 1 hour to 7 days in whole hours. Only with `supervision`.
   *
   * A little more than the time between two runs. A job that has never run rings it too.
   *
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
