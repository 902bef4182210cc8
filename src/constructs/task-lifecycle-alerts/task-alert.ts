/** Events of tasks and services that raise alerts. */
export enum TaskAlert {
  /** A container exited with a failure code. */
  NON_ZERO_EXIT = 'NonZeroExit',
  /** A container ran out of memory. */
  OUT_OF_MEMORY = 'OutOfMemory',
  /** A task did not start: no image, no secret, no network, no capacity. */
  FAILED_TO_START = 'FailedToStart',
  /** A service replaced a task that failed the health checks of its container or of a load balancer. */
  UNHEALTHY = 'Unhealthy',
  /** A task was stopped because its infrastructure failed. */
  INFRASTRUCTURE = 'Infrastructure',
  /** A Spot interruption stopped a task. Severity WARNING: its work continues elsewhere. */
  SPOT_INTERRUPTION = 'SpotInterruption',
  /** A user stopped a task. Severity INFO. */
  STOPPED_BY_USER = 'StoppedByUser',
  /** A task is running. Severity INFO. */
  STARTED = 'Started',
  /** A service finds no capacity for a task. */
  PLACEMENT_FAILED = 'PlacementFailed',
  /** The tasks of a service repeatedly fail to start. */
  START_IMPAIRED = 'StartImpaired',
  /** The circuit breaker stopped a deployment. */
  DEPLOYMENT_FAILED = 'DeploymentFailed',
}

/** The format of alerts. */
export enum AlertFormat {
  /** Text for e-mails. */
  TEXT = 'Text',
  /** One JSON object, for programs. */
  JSON = 'Json',
  /**
   * A custom notification of Amazon Q Developer in chat applications, formerly AWS Chatbot, for Slack and Microsoft
   * Teams.
   */
  CHAT = 'Chat',
}
