import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type JobInfo } from '../../../src/runtime/support/job-info.js';
import { traceJobs } from '../../../src/runtime/telemetry/index.js';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const job: JobInfo = {
  messageId: 'm',
  queueName: 'jobs',
  queueUrl: 'https://sqs/jobs',
  correlationId: 'c',
  attempt: 2,
  file: 'inbox/a',
};
const around = traceJobs(provider.getTracer('test'));

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterEach(() => exporter.reset());
afterAll(() => context.disable());

it('continues the trace that came with the message', async () => {
  const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
  await around({ ...job, traceHeader }, () => Promise.resolve());
  const [span] = exporter.getFinishedSpans();
  expect(span.spanContext().traceId).toBe('5759e988bd862e3fe1be46a994272793');
  expect(span.parentSpanContext?.spanId).toBe('53995c3f42cd8ad8');
  expect(span.attributes).toMatchObject({
    'messaging.system': 'aws_sqs',
    'messaging.message.id': 'm',
    'fileworks.correlation_id': 'c',
    'fileworks.attempt': 2,
    'fileworks.file': 'inbox/a',
  });
});

it('continues the trace that the sender put into the attributes, rather than the one of a service in between', async () => {
  const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await around({ ...job, traceHeader, traceparent, tracestate: 'vendor=1' }, () => Promise.resolve());
  const [span] = exporter.getFinishedSpans();
  expect(span.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  expect(span.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', traceFlags: 1, isRemote: true });
  expect(span.parentSpanContext?.traceState?.get('vendor')).toBe('1');
});

it.each([
  ['01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more', '0af7651916cd43dd8448eb211c80319c'],
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more', undefined],
  ['ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', undefined],
  ['00-00000000000000000000000000000000-b7ad6b7169203331-01', undefined],
  ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01', undefined],
  ['00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01', undefined],
  [`00-${'a'.repeat(100_000)}`, undefined],
])('reads the traceparent %.60s as W3C says', async (traceparent, traceId) => {
  await around({ ...job, traceparent }, () => Promise.resolve());
  const [span] = exporter.getFinishedSpans();
  expect(span.parentSpanContext?.traceId).toBe(traceId);
});

it('leaves the decision about sampling to the sender', async () => {
  await around({ ...job, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' }, () =>
    Promise.resolve(),
  );
  // The default sampler follows its parent.
  expect(exporter.getFinishedSpans()).toEqual([]);
});

it.each([undefined, '', 'Root=nonsense', 'Root=1-5759e988-bd862e3fe1be46a994272793'])(
  'starts a trace of its own for the header %p',
  async (traceHeader) => {
    await around({ ...job, ...(traceHeader === undefined ? {} : { traceHeader }) }, () => Promise.resolve());
    expect(exporter.getFinishedSpans()[0]?.parentSpanContext).toBeUndefined();
  },
);

it('is the active span of the handler, and ends with its error', async () => {
  let active: string | undefined;
  const failure = new Error('no luck');
  await expect(
    around(job, () => {
      active = trace.getActiveSpan()?.spanContext().spanId;
      return Promise.reject(failure);
    }),
  ).rejects.toBe(failure);
  const [span] = exporter.getFinishedSpans();
  expect(span.spanContext().spanId).toBe(active);
  expect(span.status).toMatchObject({ message: 'no luck' });
});
