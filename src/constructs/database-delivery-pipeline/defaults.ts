import { Duration } from 'aws-cdk-lib';

/** Defaults of a pipeline, each with its reason. */
export const DeliveryDefaults = {
  /** Time for an index on a large table; CodeBuild bills the duration. */
  timeout: Duration.hours(1),
  /** A dump needs a client of the server's version or a newer one. */
  clientVersion: 17,
  /** Pushes to other branches are reviewed first. */
  githubBranches: ['main'],
  /** The qualifier of `cdk bootstrap` without options. */
  deployQualifier: 'hnb659fds',
  /** A transformation that could not be started for an hour is left to the next schedule. */
  maxEventAge: Duration.hours(1),
  retryAttempts: 185,
} as const;
