import { eventSchema, objectSchema, type EventSchema, type JsonSchema } from './event-schema.js';
import {
  EXPORT_CONTRACT_VERSION,
  EXPORT_EVENT_SOURCE,
  ExportEventType,
  type ExportJobEvent,
} from './export-contract.js';

const count: JsonSchema = { type: 'integer', minimum: 0 };

const properties = {
  version: {
    type: 'integer',
    enum: [EXPORT_CONTRACT_VERSION],
    description: 'Incremented on changes that are incompatible with readers of the previous version.',
  },
  jobId: { type: 'string', minLength: 1, description: 'The job of the Export API.' },
  correlationId: { type: 'string', minLength: 1, description: 'Included in every log line of the job.' },
  service: { type: 'string', description: 'The export service: the path of the construct.' },
  files: objectSchema<ExportJobEvent['files']>({
    known: { ...count, description: 'Files of the job; not final while the list is being read.' },
    done: { ...count, description: 'Stored files.' },
    failed: { ...count, description: 'Files that could not be stored.' },
  }),
  bytes: { ...count, description: 'Bytes of results.' },
  reason: { type: 'string', minLength: 1, description: 'Error code of the failure.' },
} satisfies Record<keyof ExportJobEvent, JsonSchema>;

const { reason, ...ofEveryJob } = properties;
const unfailed = objectSchema<Omit<ExportJobEvent, 'reason'>>(ofEveryJob, ['service']);
const failed = objectSchema<ExportJobEvent>({ ...ofEveryJob, reason }, ['service']);

/** Schemas of the events of export jobs, by their detail type. */
export const ExportEventSchemas: Readonly<Record<ExportEventType, EventSchema>> = {
  [ExportEventType.progress]: eventSchema(EXPORT_EVENT_SOURCE, ExportEventType.progress, unfailed),
  [ExportEventType.completed]: eventSchema(EXPORT_EVENT_SOURCE, ExportEventType.completed, unfailed),
  [ExportEventType.failed]: eventSchema(EXPORT_EVENT_SOURCE, ExportEventType.failed, failed),
};
