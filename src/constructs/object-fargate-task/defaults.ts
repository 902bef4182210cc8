import { Duration } from 'aws-cdk-lib';

/** What `ObjectFargateTask` chooses where its user did not, each with its reason. */
export const ObjectTaskDefaults = {
  /** Two for trouble that passes, such as a Spot reclaim; what fails three times will fail again. */
  retries: 2,
  /** Time for a service that was throttled or a database that restarts. */
  retryInterval: Duration.seconds(30),
  /** The first wait after ECS took no task. Drawn at random up to this, so that a burst spreads. */
  launchInterval: Duration.seconds(5),
  /** The longest such wait: doubled until here. */
  maxLaunchInterval: Duration.minutes(5),
  /** About half a day of waits that are half as long as they may be on average: longer than a lack of Spot capacity usually lasts. */
  launchRetries: 300,
} as const;
