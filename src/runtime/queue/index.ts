export { exponentialBackoff, type Backoff, type ExponentialBackoffOptions } from '../support/backoff.js';
export { decodeBody, type BodyKind, type DecodedBody } from './body-decoder.js';
export type { Job, JobContext, JobHandler } from './job.js';
export { QueuePoller, type PollerHealth, type PollerStats, type StopOptions } from './poller.js';
export type { DrainReport, JobResult, PollerEvents, PollerState } from './poller-events.js';
export { DEFAULT_VISIBILITY_SECONDS, type QueueOptions, type QueuePollerOptions } from './poller-options.js';
export { EcsScaleInProtection, type ScaleInProtection } from './scale-in-protection.js';
export { SqsTransport } from './sqs-transport.js';
export type {
  EntryFailure,
  MessageAttribute,
  MessageAttributes,
  OutgoingMessage,
  QueueFacts,
  QueueTransport,
  ReceivedMessage,
  ReceiveRequest,
  VisibilityEntry,
} from './transport.js';
