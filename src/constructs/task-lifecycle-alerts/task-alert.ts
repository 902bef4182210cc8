/** What can happen to a task or a service that someone should know. */
export enum TaskAlert {
  /** A container ended with an exit code that is a failure. */
  NON_ZERO_EXIT = 'NonZeroExit',
  /** A container needed more memory than it had. */
  OUT_OF_MEMORY = 'OutOfMemory',
  /** A task did not start: no image, no secret, no network, no capacity. */
  FAILED_TO_START = 'FailedToStart',
  /** A service replaced a task that failed the health checks of its container or of a load balancer. */
  UNHEALTHY = 'Unhealthy',
  /** A task was stopped because what it ran on failed. */
  INFRASTRUCTURE = 'Infrastructure',
  /** Fargate Spot took a task's capacity back. Of severity WARNING: the work goes on elsewhere. */
  SPOT_INTERRUPTION = 'SpotInterruption',
  /** Somebody stopped a task. Of severity INFO. */
  STOPPED_BY_USER = 'StoppedByUser',
  /** A task is running. Of severity INFO. */
  STARTED = 'Started',
  /** A service finds no capacity for a task. */
  PLACEMENT_FAILED = 'PlacementFailed',
  /** A service's tasks fail to start again and again. */
  START_IMPAIRED = 'StartImpaired',
  /** A deployment was given up by its circuit breaker. */
  DEPLOYMENT_FAILED = 'DeploymentFailed',
}

/** How an alert is written. */
export enum AlertFormat {
  /** Lines that a person reads in an e-mail. */
  TEXT = 'Text',
  /** One JSON object, for programs. */
  JSON = 'Json',
  /**
   * A custom notification of Amazon Q Developer in chat applications, formerly AWS Chatbot, for Slack and Microsoft
   * Teams.
   */
  CHAT = 'Chat',
}
