import { Duration } from 'aws-cdk-lib';
import { FargateTaskDefaults } from '../fargate-task';

/** Defaults of `QueueScaledFargateWorker`, each with its reason. */
export const WorkerDefaults = {
  ...FargateTaskDefaults,
  /** One job at a time is safe for every job; more depends on its memory. */
  concurrency: 1,
  /** An idle service costs nothing. */
  minTasks: 0,
  /** Enough to spread a burst, few enough to keep a first mistake cheap. */
  maxTasks: 10,
  /** A deployment never stops a needed task before its successor runs. */
  minHealthyPercent: 100,
  /** A deployment may double the task count, so that it does not wait for the longest job. */
  maxHealthyPercent: 200,
  /** About the time until a started task affects the utilization. */
  utilizationCooldown: Duration.minutes(1),
} as const;

/** Defaults of `QueueScaling.exact()`. */
export const ExactScalingDefaults = {
  /** The period of the metric: each new value may correct the last decision. */
  cooldown: Duration.minutes(1),
  /** A task starts in about a minute, so three idle minutes are cheaper than another start for the next file. */
  idleMinutes: 3,
} as const;

/** Defaults of `QueueScaling.backlogPerTask()` and `.latency()`. */
export const BacklogPerTaskDefaults = {
  /** About the time until a started task affects the metrics. */
  scaleOutCooldown: Duration.minutes(1),
  /** The default of ECS: a pause between two deliveries should not cost a restart. */
  scaleInCooldown: Duration.minutes(5),
  /** The first task must be running and reported before another one is started for the same message. */
  wakeCooldown: Duration.minutes(3),
} as const;

/** Settings of a wake-up, which users cannot change. */
export const WakeUpDefaults = {
  /**
   * Twice as many checks as a wake-up makes in its half hour: a message reaches the dead-letter queue only after every
   * attempt failed.
   */
  maxReceiveCount: 60,
  /** A wake-up is useless after a day; longer than a wake-up takes to fail. */
  retentionPeriod: Duration.days(1),
  /** Three calls take less than a second; Lambda recommends at most a sixth of the visibility timeout. */
  functionTimeout: Duration.seconds(10),
} as const;

/** Settings of `fallbackToOnDemand`, which users cannot change. */
export const SpotFallbackDefaults = {
  /**
   * Each change costs a deployment, and Spot capacity is seldom available again within minutes; the cost is at most an
   * hour at on-demand prices.
   */
  hold: Duration.hours(1),
  /** More checks than an hour needs: a message reaches the dead-letter queue only after every attempt failed. */
  maxReceiveCount: 60,
  /** Longer than a fallback takes to fail. */
  retentionPeriod: Duration.days(1),
  /** Failures that arrive together are processed together. */
  batchSize: 10,
  /** Three calls take less than a second; Lambda recommends at most a sixth of the visibility timeout. */
  functionTimeout: Duration.seconds(10),
  /** An older failure says nothing about the current capacity. */
  maxEventAge: Duration.minutes(15),
} as const;

/** Defaults of `ingress`. */
export const IngressDefaults = {
  /** A path that every HTTP server can serve. */
  healthCheckPath: '/',
  /** Longer than a request should take, and short compared to the two minutes that a task has to stop. */
  deregistrationDelay: Duration.seconds(30),
} as const;

/** Defaults of `WorkerHealthCheck`. */
export const HealthCheckDefaults = {
  /** A port that a container without privileges may open, and that images use for HTTP. */
  port: 8_080,
  /**
   * The messages of a hanging worker are redelivered only when their leases end, so more frequent checks would not
   * help.
   */
  interval: Duration.seconds(30),
  /** An event loop that cannot answer a local request in five seconds is not healthy. */
  timeout: Duration.seconds(5),
  /** A single long pause of the process is no reason to stop its jobs. */
  retries: 3,
  /** A program that loads its modules on half a vCPU may need some seconds. */
  startPeriod: Duration.seconds(30),
} as const;
