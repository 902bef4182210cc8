import { context, type Context, SpanKind, SpanStatusCode, trace, TraceFlags, type Tracer } from '@opentelemetry/api';
import { type AroundJob, type JobInfo } from '../support/job-info.js';

/**
 * A span around each job that continues the trace of the message. Without an OpenTelemetry SDK in the process it does nothing.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/sqs/
 */
export function traceJobs(tracer: Tracer = trace.getTracer('fileworks-runtime')): AroundJob {
  return async (info, run) => tracer.startActiveSpan(
    `process ${info.queueName}`, { kind: SpanKind.CONSUMER, attributes: attributesOf(info) }, parentOf(info.traceHeader), async (span) => {
      try {
        return await run();
      } catch (error) {
        span.recordException(error instanceof Error ? error : String(error));
        span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
        throw error;
      } finally {
        span.end();
      }
    });
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
 * The span that sent the message, from X-Ray's header: `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
 *
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
function parentOf(header: string | undefined): Context {
  const active = context.active();
  const root = /Root=1-([0-9a-f]{8})-([0-9a-f]{24})/.exec(header ?? '');
  const parent = /Parent=([0-9a-f]{16})/.exec(header ?? '');
  if (root === null || parent === null) {
    return active;
  }
  const sampled = /Sampled=1/.test(header ?? '');
  return trace.setSpanContext(active, {
    traceId: `${root[1]}${root[2]}`,
    spanId: parent[1],
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });
}
