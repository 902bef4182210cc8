/**
 * Limits of the AWS services used by Fileworks, each with a link to its source.
 *
 * Constructs validate props against them at synth; the runtime uses them at run time.
 */

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
export const SqsLimits = {
  /** A message can be invisible for at most 12 hours after its receive, including all extensions. */
  maxVisibilityTimeoutSeconds: 43_200,
  minRetentionSeconds: 60,
  maxRetentionSeconds: 1_209_600,
  maxReceiveWaitSeconds: 20,
  maxDelaySeconds: 900,
  /** Receive, delete and visibility calls contain at most ten messages each. */
  maxBatchEntries: 10,
  /** Attributes of a message, including those added by Fileworks. */
  maxAttributes: 10,
  maxReceiveCount: 1_000,
  /**
   * A policy has at most 8,192 bytes and 20 statements; the ARN of a rule has up to 125 characters in the longest
   * partition.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
   */
  maxRulesByArn: 50,
} as const;

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html */
export const CloudWatchLimits = {
  maxMetricsPerAlarm: 10,
} as const;

/** Limits of worker settings, in addition to those of SQS. */
export const WorkerLimits = {
  /** Heartbeats are sent after a third of it, and SQS counts in whole seconds. */
  minVisibilityTimeoutSeconds: 3,
  maxQueueWeight: 1_000,
} as const;

/** @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html */
export const FargateLimits = {
  /** Fargate kills a container at most 120 seconds after SIGTERM. */
  minStopTimeoutSeconds: 2,
  maxStopTimeoutSeconds: 120,
  minEphemeralStorageGiB: 21,
  maxEphemeralStorageGiB: 200,
} as const;

const steps = (min: number, max: number, step: number): readonly number[] =>
  Array.from({ length: (max - min) / step + 1 }, (_, index) => min + index * step);

/**
 * Fargate task sizes: the amounts of memory in MiB for each CPU value.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
 */
export const FargateSizes: Readonly<Record<number, readonly number[] | undefined>> = {
  256: [512, 1_024, 2_048],
  512: steps(1_024, 4_096, 1_024),
  1024: steps(2_048, 8_192, 1_024),
  2048: steps(4_096, 16_384, 1_024),
  4096: steps(8_192, 30_720, 1_024),
  8192: steps(16_384, 61_440, 4_096),
  16384: steps(32_768, 122_880, 8_192),
};

/** @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html */
export const CapacityProviderLimits = {
  maxBase: 100_000,
  maxWeight: 1_000,
} as const;

/** @see https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html */
export const AutoScalingLimits = {
  maxStepsPerPolicy: 20,
} as const;

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
export const EventBridgeLimits = {
  /** Characters of a pattern; the quota can be increased. */
  maxPatternCharacters: 2_048,
  /**
   * The maximum of the API, whatever the quota.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
   */
  maxRaisedPatternCharacters: 4_096,
  /** Rules of a bus whose pattern contains wildcards; the quota cannot be increased. */
  maxWildcardRules: 30,
  /** Larger numbers are neither compared nor accepted in a comparison. */
  maxComparableNumber: 5_000_000_000,
  /** Retry policy of EventBridge targets. */
  minEventAgeSeconds: 60,
  maxEventAgeSeconds: 86_400,
  maxRetryAttempts: 185,
} as const;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export const S3BucketLimits = {
  maxNameCharacters: 63,
} as const;

/** @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const LambdaLimits = {
  /**
   * The policy of a function has at most 20 KB, and the permission of one rule up to about 500 bytes; the rest is for
   * other permissions.
   */
  maxRulesByPermission: 30,
} as const;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html */
export const S3NotificationLimits = {
  /** Notifications of a bucket, for all routes in total. */
  maxNotifications: 100,
} as const;
