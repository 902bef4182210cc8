import type { Duration } from 'aws-cdk-lib';

/** How many files must arrive in which time. */
export interface ExpectFilesOptions {
  /**
   * The number of files, 1 or more.
   *
   * @default 1
   */
  readonly atLeast?: number;

  /**
   * The window in which they must arrive: whole minutes, from 1 minute to 7 days. It slides, so choose it longer than
   * the longest regular gap: 26 hours for a file that arrives each night between 1 and 2.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
   */
  readonly every: Duration;
}
