import {
  context,
  type Context,
  createTraceState,
  isSpanContextValid,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import { type AroundJob, type JobInfo } from '../support/job-info.js';
import { messageOf, readable } from '../support/thrown.js';

/** Characters of version 00, which has no more. */
const TRACEPARENT_LENGTH = 55;
/** What W3C asks everybody to be able to carry. */
const MAX_TRACE_STATE_LENGTH = 512;

/**
 * A span around each job that continues the trace of the message. Without an OpenTelemetry SDK in the process it does
 * nothing.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/sqs/
 */
export function traceJobs(tracer: Tracer = trace.getTracer('fileworks-runtime')): AroundJob {
  return async (info, run) =>
    tracer.startActiveSpan(
      `process ${info.queueName}`,
      { kind: SpanKind.CONSUMER, attributes: attributesOf(info) },
      parentOf(info),
      async (span) => {
        try {
          return await run();
        } catch (error) {
          // Also outside a poller, which hands on readable errors only.
          const exception = readable(error);
          span.recordException(exception instanceof Error ? exception : messageOf(exception));
          span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(exception) });
          throw error;
        } finally {
          span.end();
        }
      },
    );
}

function attributesOf(info: JobInfo) {
  return {
    'messaging.system': 'aws_sqs',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': info.queueName,
    'messaging.message.id': info.messageId,
    'aws.sqs.queue.url': info.queueUrl,
    'fileworks.correlation_id': info.correlationId,
    'fileworks.attempt': info.attempt,
    ...(info.file === undefined ? {} : { 'fileworks.file': info.file }),
  };
}

/**
 * The span that sent the message. The sender's own attribute says it more exactly than the header, which a service in
 * between may have made.
 */
function parentOf({ traceparent = '', tracestate, traceHeader = '' }: JobInfo): Context {
  const active = context.active();
  const parent = fromTraceparent(traceparent) ?? fromTraceHeader(traceHeader);
  if (parent === undefined) {
    return active;
  }
  const { traceId, spanId, sampled } = parent;
  return trace.setSpanContext(active, {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(traceparent === '' || tracestate === undefined
      ? {}
      : { traceState: createTraceState(tracestate.slice(0, MAX_TRACE_STATE_LENGTH)) }),
  });
}

interface Parent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** @see https://www.w3.org/TR/trace-context/#traceparent-header */
function fromTraceparent(text: string): Parent | undefined {
  // Version 00 ends with the flags, later ones may continue after a dash, and ff is none.
  const match = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/.exec(text);
  if (match === null || (text.startsWith('00') && text.length > TRACEPARENT_LENGTH)) {
    return undefined;
  }
  const [, traceId, spanId, flags] = match;
  return isSpanContextValid({ traceId, spanId, traceFlags: 0 })
    ? { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
    : undefined;
}

/**
 * X-Ray's header: `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
 *
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
function fromTraceHeader(text: string): Parent | undefined {
  const root = /Root=1-([0-9a-f]{8})-([0-9a-f]{24})/.exec(text);
  const parent = /Parent=([0-9a-f]{16})/.exec(text);
  return root === null || parent === null
    ? undefined
    : { traceId: `${root[1]}${root[2]}`, spanId: parent[1], sampled: text.includes('Sampled=1') };
}
