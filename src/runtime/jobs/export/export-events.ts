import type { PutEventsCommandOutput } from '@aws-sdk/client-eventbridge';
import { DependencyUnavailable, RetryLater } from '../../errors.js';
import type { ExportJobRow, ExportJobStore } from '../../exports/index.js';
import type { SdkClient } from '../../support/sdk-client.js';
import { BoundedMap } from '../../support/bounded-map.js';
import { faultOf } from '../../support/faults.js';
import { missingPeer } from '../../support/missing-peer.js';
import {
  EXPORT_CONTRACT_VERSION,
  EXPORT_EVENT_SOURCE,
  ExportEventType,
  type ExportJobEvent,
} from '../../../contract/export-contract.js';

/** Publishes an event of an export job. MUST reject if the event was not accepted. */
export type PublishExportEvent = (type: ExportEventType, event: ExportJobEvent) => Promise<void>;

export interface EventBridgeEventsOptions {
  /** An `EventBridgeClient`. */
  readonly client: SdkClient;
  /** Name or ARN of the bus. */
  readonly eventBusName: string;
  /** Name of the export service in each event. @default - not included */
  readonly service?: string;
}

/** Puts events on an EventBridge bus. Needs `events:PutEvents` and the optional peer `@aws-sdk/client-eventbridge`. */
export function eventBridgeEvents({ client, eventBusName, service }: EventBridgeEventsOptions): PublishExportEvent {
  return async (type, event) => {
    const { PutEventsCommand } = await import('@aws-sdk/client-eventbridge').catch(
      missingPeer('@aws-sdk/client-eventbridge'),
    );
    const entry = {
      Source: EXPORT_EVENT_SOURCE,
      DetailType: type,
      Detail: JSON.stringify({ ...event, service }),
      EventBusName: eventBusName,
    };
    const { Entries: [taken] = [] } = (await client.send(
      new PutEventsCommand({ Entries: [entry] }) as never,
    )) as PutEventsCommandOutput;
    if (taken.ErrorCode !== undefined) {
      // An entry is refused with a status of 200; the event itself is of our making
      throw new DependencyUnavailable('EventBridge', { reason: `EventBridge refused the event: ${taken.ErrorCode}` });
    }
  };
}

/** Events by job that this process has published, while the table does not record it: they are not repeated. */
const UNMARKED = new BoundedMap<string, string>(10_000);

/**
 * Publishes the progress of a job, and the event for its end once across all processes.
 *
 * @throws RetryLater while another process publishes the event, so that this message verifies it later
 */
export async function publishJobEvent(
  store: ExportJobStore,
  publish: PublishExportEvent | undefined,
  job: ExportJobRow,
): Promise<void> {
  if (publish === undefined) {
    return;
  }
  if (job.status === 'dispatching' || job.status === 'dispatched') {
    return publish(ExportEventType.progress, eventOf(job));
  }
  if (job.told === true) {
    return;
  }
  const claimedAt = new Date();
  const mine = await store.claimEndEvent(job.jobId, claimedAt);
  if (mine === undefined) {
    throw new RetryLater({ seconds: 60, reason: `another process publishes the end of job ${job.jobId}` });
  }
  if (!mine) {
    return;
  }
  const event = JSON.stringify(eventOf(job));
  if (UNMARKED.get(job.jobId) !== event) {
    await publishEnd(store, publish, job, claimedAt);
    UNMARKED.set(job.jobId, event);
  }
  await store.markEndEventSent(job.jobId);
  UNMARKED.delete(job.jobId);
}

async function publishEnd(
  store: ExportJobStore,
  publish: PublishExportEvent,
  job: ExportJobRow,
  claimedAt: Date,
): Promise<void> {
  try {
    await publish(job.status === 'completed' ? ExportEventType.completed : ExportEventType.failed, eventOf(job));
  } catch (error) {
    // Jobs that wait for the bus must not wait for the claim as well, which uses up attempts
    if (faultOf(error).kind === 'world') {
      await store.releaseEndEvent(job.jobId, claimedAt).catch(() => undefined);
    }
    throw error;
  }
}

function eventOf({ jobId, correlationId, count, done, failed, bytes, reason }: ExportJobRow): ExportJobEvent {
  return {
    version: EXPORT_CONTRACT_VERSION,
    jobId,
    correlationId,
    files: { known: count, done, failed },
    bytes,
    ...(reason !== undefined && { reason }),
  };
}
