/** The contract between `TaskLifecycleAlerts` and its Lambda function. */

/** Kinds of alerts for tasks and services. */
export const AlertKind = {
  nonZeroExit: 'NonZeroExit',
  outOfMemory: 'OutOfMemory',
  failedToStart: 'FailedToStart',
  unhealthy: 'Unhealthy',
  infrastructure: 'Infrastructure',
  spotInterruption: 'SpotInterruption',
  stoppedByUser: 'StoppedByUser',
  started: 'Started',
  placementFailed: 'PlacementFailed',
  startImpaired: 'StartImpaired',
  deploymentFailed: 'DeploymentFailed',
} as const;
export type AlertKind = (typeof AlertKind)[keyof typeof AlertKind];

/** Values of the message attribute `severity`, for subscription filters. */
export const AlertSeverity = { error: 'ERROR', warning: 'WARNING', info: 'INFO' } as const;
export type AlertSeverity = (typeof AlertSeverity)[keyof typeof AlertSeverity];

/** Format of an alert. */
export const AlertLayout = { text: 'Text', json: 'Json', chat: 'Chat' } as const;
export type AlertLayout = (typeof AlertLayout)[keyof typeof AlertLayout];

/** Environment variables of the Lambda function. */
export const TaskAlertsEnv = {
  /** Value of the dimension of its metrics. */
  name: 'FILEWORKS_ALERTS_NAME',
  topicArn: 'FILEWORKS_TOPIC_ARN',
  /** Name of the table of sent and held alerts. */
  tableName: 'FILEWORKS_TABLE_NAME',
  /** Kinds to alert on, separated by commas. */
  kinds: 'FILEWORKS_ALERTS',
  layout: 'FILEWORKS_ALERT_LAYOUT',
  /** Exit codes that do not count as failures, separated by commas. */
  expectedExitCodes: 'FILEWORKS_EXPECTED_EXIT_CODES',
  /** Maximum alerts of one severity in a period; further ones are held back for the digest. */
  maxAlerts: 'FILEWORKS_MAX_ALERTS',
  /** Maximum alerts of one severity for one service or family in a period. */
  maxAlertsPerGroup: 'FILEWORKS_MAX_ALERTS_PER_GROUP',
  periodSeconds: 'FILEWORKS_ALERT_PERIOD_SECONDS',
  /** URL of the queue of events that could not be handled, which the clock handles again. */
  deadLetterQueueUrl: 'FILEWORKS_DEAD_LETTER_QUEUE_URL',
  /** URL of a runbook, included in alerts. Optional. */
  runbookUrl: 'FILEWORKS_RUNBOOK_URL',
} as const;

/** Event of the schedule, which sends digests and handles dead-letter messages again. */
export const AlertClock = { fileworksAlerts: 'clock' } as const;

/**
 * The table of sent and held alerts: its key, its time-to-live attribute, and the index of held alerts by severity and
 * the time from which a digest may be sent.
 */
export const ALERT_TABLE = {
  key: 'id',
  expiresAt: 'expiresAt',
  heldIndex: { name: 'held', severity: 'heldSeverity', dueAt: 'dueAt' },
} as const;

/** ECS events on EventBridge. */
export const EcsEvents = {
  source: 'aws.ecs',
  taskStateChange: 'ECS Task State Change',
  serviceAction: 'ECS Service Action',
  deploymentStateChange: 'ECS Deployment State Change',
} as const;

/** Part of the stop reason when a service replaces a task that failed a container or load balancer health check. */
export const UNHEALTHY_REASON = 'health checks';
