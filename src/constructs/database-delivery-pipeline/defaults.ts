import { Duration } from 'aws-cdk-lib';

/** What a pipeline has where its user chose nothing, each with its reason. */
export const DeliveryDefaults = {
  /** Time for an index on a large table; CodeBuild bills what is used. */
  timeout: Duration.hours(1),
  /** A dump is read by a client of the server's version or a newer one. */
  clientVersion: 17,
  /** Pushes to other branches are looked at by others first. */
  githubBranches: ['main'],
  /** The qualifier of `cdk bootstrap` without options. */
  deployQualifier: 'hnb659fds',
  /** A transformation that could not be started for an hour waits for the next time. */
  maxEventAge: Duration.hours(1),
  retryAttempts: 185,
} as const;
