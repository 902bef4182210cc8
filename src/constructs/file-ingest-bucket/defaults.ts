import { Duration } from 'aws-cdk-lib';
import { EventBridgeLimits } from '../../contract/service-limits';

/** What `FileIngestBucket` chooses where its user did not, each with its reason. */
export const IngestDefaults = {
  /** As long as EventBridge tries: a target that is away for a day loses nothing. */
  maxEventAge: Duration.seconds(EventBridgeLimits.maxEventAgeSeconds),
  /** As often as EventBridge tries within that time. */
  retryAttempts: EventBridgeLimits.maxRetryAttempts,
  /** Jobs may point at an object that was overwritten in the meantime; a month is longer than any message lives. */
  noncurrentVersionExpiration: Duration.days(30),
  /** Parts of an upload that was given up are invisible and paid for; nobody resumes one after a week. */
  abortIncompleteUploadAfter: Duration.days(7),
  /** Up to this many letters a suffix is written out in every spelling: 16 patterns for four letters, as in `.json`. */
  lettersInEverySpelling: 4,
} as const;
