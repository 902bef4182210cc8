import type { Json, Records } from './support/fixtures';
import { describeFormat } from './support/stored-format';
import type { ExportJobRow, ExportJobStore } from '../../src/runtime/exports/index.js';
import { eventBridgeEvents, publishJobEvent } from '../../src/runtime/jobs/export/export-events.js';
import { delivered, publishedProblems } from '../support/event-schemas';

interface Entry {
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
}

interface Stored {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Json;
}

const job: ExportJobRow = {
  jobId: 'job-1',
  correlationId: 'event-1',
  status: 'dispatching',
  count: 12,
  done: 9,
  failed: 1,
  bytes: 4_096,
};
/** Every job's event is this process's. */
const store = {
  claimEndEvent: () => Promise.resolve(true),
  markEndEventSent: () => Promise.resolve(),
} as unknown as ExportJobStore;

describeFormat({
  name: 'export-events',
  async write() {
    const events: Record<string, Json> = {};
    const client = {
      send({ input: { Entries: entries } }: { readonly input: { readonly Entries: readonly Entry[] } }) {
        for (const { Source: source, DetailType: type, Detail: detail } of entries) {
          events[type.replaceAll(' ', '-').toLowerCase()] = {
            source,
            'detail-type': type,
            detail: JSON.parse(detail) as Json,
          };
        }
        return Promise.resolve({ Entries: [{}] });
      },
    };
    const publish = eventBridgeEvents({ client, eventBusName: 'default', service: 'Exports' });
    await publishJobEvent(store, publish, job);
    await publishJobEvent(store, publish, { ...job, status: 'completed' });
    await publishJobEvent(store, publish, { ...job, status: 'failed', reason: 'ERR_EXPORT_FAILED' });
    return events;
  },
  read(events: Records) {
    for (const event of Object.values(events)) {
      const { source, detail, 'detail-type': type } = event as unknown as Stored;
      expect(publishedProblems[type](delivered(source, type, detail))).toEqual([]);
    }
    expect(Object.keys(events)).toHaveLength(3);
    return Promise.resolve();
  },
});
