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
  topicArn: 'FILEWORKS_TOPIC_ARN',
  /** Name of the table of sent alerts. */
  tableName: 'FILEWORKS_TABLE_NAME',
  /** Kinds to alert on, separated by commas. */
  kinds: 'FILEWORKS_ALERTS',
  layout: 'FILEWORKS_ALERT_LAYOUT',
  /** Exit codes that do not count as failures, separated by commas. */
  expectedExitCodes: 'FILEWORKS_EXPECTED_EXIT_CODES',
  /** Maximum alerts in a period; further ones are only logged. */
  maxAlerts: 'FILEWORKS_MAX_ALERTS',
  periodSeconds: 'FILEWORKS_ALERT_PERIOD_SECONDS',
  /** URL of a runbook, included in alerts. Optional. */
  runbookUrl: 'FILEWORKS_RUNBOOK_URL',
} as const;

/** The table of sent alerts: its key and its time-to-live attribute. */
export const ALERT_TABLE = { key: 'id', expiresAt: 'expiresAt' } as const;

/** ECS events on EventBridge. */
export const EcsEvents = {
  source: 'aws.ecs',
  taskStateChange: 'ECS Task State Change',
  serviceAction: 'ECS Service Action',
  deploymentStateChange: 'ECS Deployment State Change',
} as const;

/** Part of the stop reason when a service replaces a task that failed a container or load balancer health check. */
export const UNHEALTHY_REASON = 'health checks';
