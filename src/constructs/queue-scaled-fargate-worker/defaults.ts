import { Duration } from 'aws-cdk-lib';
import { FargateTaskDefaults } from '../fargate-task';

/** What `QueueScaledFargateWorker` chooses where its user did not, each with its reason. */
export const WorkerDefaults = {
  ...FargateTaskDefaults,
  /** One job at a time is right for every job; more is a statement about its memory. */
  concurrency: 1,
  /** Nothing runs, and nothing is paid for, while nothing waits. */
  minTasks: 0,
  /** Enough to see a burst spread out, few enough that a first mistake stays cheap. */
  maxTasks: 10,
  /** A task that is needed is never stopped for a deployment before its successor runs. */
  minHealthyPercent: 100,
  /** A deployment may double the tasks, so that it does not wait for the longest job. */
  maxHealthyPercent: 200,
  /** About the time in which a started task shows in the utilization. */
  utilizationCooldown: Duration.minutes(1),
} as const;

/** What `QueueScaling.exact()` chooses. */
export const ExactScalingDefaults = {
  /** As long as the metric's period: each new figure may correct the last decision. */
  cooldown: Duration.minutes(1),
  /**
   * A task starts in about a minute, so one that idles for three is cheaper than one that starts again for the next
   * file.
   */
  idleMinutes: 3,
} as const;

/** What `QueueScaling.backlogPerTask()` and `.latency()` choose. */
export const BacklogPerTaskDefaults = {
  /** About the time in which a started task shows in the metrics. */
  scaleOutCooldown: Duration.minutes(1),
  /** As ECS has it: a lull between two deliveries should not cost a restart. */
  scaleInCooldown: Duration.minutes(5),
  /** The first task must be running and reported before another one is started for the same message. */
  wakeCooldown: Duration.minutes(3),
} as const;

/** What a wake-up has; nobody chooses otherwise. */
export const WakeUpDefaults = {
  /**
   * Twice as many looks as a wake-up ever needs, which gives up after half an hour: what gets there, failed each time.
   */
  maxReceiveCount: 60,
  /** Nobody waits for yesterday's files to be woken for; longer than it takes a wake-up to fail. */
  retentionPeriod: Duration.days(1),
  /** Three calls take less than a second, and a sixth of the visibility timeout is what Lambda advises. */
  functionTimeout: Duration.seconds(10),
} as const;

/** What `fallbackToOnDemand` has; nobody chooses otherwise. */
export const SpotFallbackDefaults = {
  /**
   * Each way costs a deployment, and capacity that is gone is seldom back within minutes; an hour at on-demand prices
   * is the most that this costs.
   */
  hold: Duration.hours(1),
  /** Five times as many looks as an hour has: what gets there, failed each time. */
  maxReceiveCount: 60,
  /** Longer than it takes to fail. */
  retentionPeriod: Duration.days(1),
  /** What came while one failure counted is looked at together with it. */
  batchSize: 10,
  /** Three calls take less than a second, and a sixth of the visibility timeout is what Lambda advises. */
  functionTimeout: Duration.seconds(10),
  /** A failure that is told of later says nothing about the capacity of now. */
  maxEventAge: Duration.minutes(15),
} as const;

/** What `ingress` chooses. */
export const IngressDefaults = {
  /** What every program that answers HTTP can be made to answer. */
  healthCheckPath: '/',
  /** Longer than a request should take, and short beside the two minutes that a task has to stop. */
  deregistrationDelay: Duration.seconds(30),
} as const;

/** What `WorkerHealthCheck` chooses. */
export const HealthCheckDefaults = {
  /** A port that a container without privileges may open, and that images use for HTTP. */
  port: 8_080,
  /** A hanging worker's messages come back only with their leases, so looking more often would gain nothing. */
  interval: Duration.seconds(30),
  /** An event loop that cannot answer a local request in five seconds is not healthy. */
  timeout: Duration.seconds(5),
  /** One long pause of the process is no reason to stop its jobs. */
  retries: 3,
  /** A program that loads its modules on half a vCPU may need some seconds. */
  startPeriod: Duration.seconds(30),
} as const;
