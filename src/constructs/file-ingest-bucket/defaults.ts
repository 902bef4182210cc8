import { Duration } from 'aws-cdk-lib';
import { EventBridgeLimits } from '../../contract/service-limits';

/** Defaults of `FileIngestBucket`, each with its reason. */
export const IngestDefaults = {
  /** The maximum of EventBridge: no event is lost if a target is unavailable for a day. */
  maxEventAge: Duration.seconds(EventBridgeLimits.maxEventAgeSeconds),
  /** The maximum of EventBridge within that time. */
  retryAttempts: EventBridgeLimits.maxRetryAttempts,
  /** A job may reference an object that was overwritten meanwhile; no message lives for a month. */
  noncurrentVersionExpiration: Duration.days(30),
  /** The parts of incomplete uploads are invisible and cost money; uploads are not resumed after a week. */
  abortIncompleteUploadAfter: Duration.days(7),
  /**
   * Maximum number of letters of a suffix that is expanded to every spelling: 16 patterns for four letters, as in
   * `.json`.
   */
  lettersInEverySpelling: 4,
} as const;
