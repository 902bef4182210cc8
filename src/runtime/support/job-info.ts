/** Job fields for logs, metrics and traces, passed from the queue to telemetry. */
export interface JobInfo {
  readonly messageId: string;
  readonly queueName: string;
  readonly queueUrl: string;
  readonly correlationId: string;
  /** 1 for the first delivery. */
  readonly attempt: number;
  /** `bucket/key` of the job's object. */
  readonly file?: string;
  readonly groupId?: string;
  /** Trace context added by AWS services, in X-Ray format. */
  readonly traceHeader?: string;
  /** Trace context added by an OpenTelemetry sender as message attributes, in W3C format. */
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** Milliseconds since 1970, as SQS counts them. */
  readonly sentAt?: number;
}

/**
 * Wraps the run of a handler, for example in a log context or a span. It MUST call `run` once and rethrow its errors.
 * It is called again for each run of a job that waited for a dependency.
 */
export type AroundJob = (info: JobInfo, run: () => Promise<unknown>) => Promise<unknown>;
