/** What logs, metrics and traces say about a job; the queue gives it, telemetry takes it. */
export interface JobInfo {
  readonly messageId: string;
  readonly queueName: string;
  readonly queueUrl: string;
  readonly correlationId: string;
  /** 1 for the first delivery. */
  readonly attempt: number;
  /** `bucket/key` of the object that the job is about. */
  readonly file?: string;
  readonly groupId?: string;
  /** Trace context that AWS services put on the message, in X-Ray's format. */
  readonly traceHeader?: string;
  /** Trace context that an OpenTelemetry sender put on the message, as attributes in W3C's format. */
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** Milliseconds since 1970, by the clock of SQS. */
  readonly sentAt?: number;
}

/**
 * Runs a job inside something: a log context, a span, a circuit breaker. It MUST call `run` once and pass on what that
 * throws.
 */
export type AroundJob = (info: JobInfo, run: () => Promise<unknown>) => Promise<unknown>;
