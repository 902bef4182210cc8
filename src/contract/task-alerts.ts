/** What `TaskLifecycleAlerts` and its Lambda function agree on. */

/** What can happen to a task or a service that someone should know. */
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

/** Values of the message attribute `severity`, by which a subscription can filter. */
export const AlertSeverity = { error: 'ERROR', warning: 'WARNING', info: 'INFO' } as const;
export type AlertSeverity = (typeof AlertSeverity)[keyof typeof AlertSeverity];

/** How an alert is written. */
export const AlertLayout = { text: 'Text', json: 'Json', chat: 'Chat' } as const;
export type AlertLayout = (typeof AlertLayout)[keyof typeof AlertLayout];

/** Environment variables of the Lambda function. */
export const TaskAlertsEnv = {
  topicArn: 'FILEWORKS_TOPIC_ARN',
  /** Name of the table that remembers what was told. */
  tableName: 'FILEWORKS_TABLE_NAME',
  /** Kinds to tell of, separated by commas. */
  kinds: 'FILEWORKS_ALERTS',
  layout: 'FILEWORKS_ALERT_LAYOUT',
  /** Exit codes that are no failure, separated by commas. */
  expectedExitCodes: 'FILEWORKS_EXPECTED_EXIT_CODES',
  /** Alerts in a period, after which the rest is only logged. */
  maxAlerts: 'FILEWORKS_MAX_ALERTS',
  periodSeconds: 'FILEWORKS_ALERT_PERIOD_SECONDS',
  /** URL that alerts point to. Optional. */
  runbookUrl: 'FILEWORKS_RUNBOOK_URL',
} as const;

/** The table of what was told: its key, and the attribute by which DynamoDB drops old items. */
export const ALERT_TABLE = { key: 'id', expiresAt: 'expiresAt' } as const;

/** Events of ECS, as EventBridge names them. */
export const EcsEvents = {
  source: 'aws.ecs',
  taskStateChange: 'ECS Task State Change',
  serviceAction: 'ECS Service Action',
  deploymentStateChange: 'ECS Deployment State Change',
} as const;

/**
 * How the reason begins or goes on when a service replaced a task that failed a container's or a load balancer's health
 * checks.
 */
export const UNHEALTHY_REASON = 'health checks';
