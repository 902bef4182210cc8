import { BATCH_EVENT_SOURCE, BatchEventType, type BatchEvent, type BatchPointer } from './batch.js';
import { eventSchema, objectSchema, type EventSchema, type JsonSchema } from './event-schema.js';

const text: JsonSchema = { type: 'string', minLength: 1 };
const count: JsonSchema = { type: 'integer', minimum: 0 };

const detail = (status: BatchEvent['status']) =>
  objectSchema<BatchEvent>(
    {
      version: {
        type: 'integer',
        enum: [1],
        description: 'Incremented on changes that are incompatible with readers of the previous version.',
      },
      runId: { ...text, description: 'Name of the execution.' },
      bucket: { ...text, description: 'Bucket of the files.' },
      prefix: { type: 'string', description: 'Prefix of the keys of the files.' },
      status: { type: 'string', enum: [status] },
      files: objectSchema<BatchEvent['files']>({
        total: count,
        processed: count,
        failed: count,
        skipped: count,
        unmarked: { ...count, description: 'Of all files, those that could not be moved or tagged.' },
      }),
      bytes: { ...count, description: 'Bytes of the processed files.' },
      batches: objectSchema<BatchEvent['batches']>({ total: count, failed: count }),
      startedAt: { type: 'string', format: 'date-time' },
      durationSeconds: { type: 'number', minimum: 0 },
      error: { ...text, description: 'Why the batches could not be created, or were not all started.' },
      manifest: objectSchema<BatchPointer>({ bucket: text, key: text }),
    },
    ['error'],
  );

/** Schemas of the events of `ChunkedBatchWorkflow`, by their detail type. */
export const BatchEventSchemas: Readonly<Record<(typeof BatchEventType)[keyof typeof BatchEventType], EventSchema>> = {
  [BatchEventType.succeeded]: eventSchema(BATCH_EVENT_SOURCE, BatchEventType.succeeded, detail('succeeded')),
  [BatchEventType.failed]: eventSchema(BATCH_EVENT_SOURCE, BatchEventType.failed, detail('failed')),
};
