import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { TestEventPatternCommand } from '@aws-sdk/client-eventbridge';
import { OBJECT_CREATED_DETAIL_TYPE, OBJECT_EVENT_SOURCE } from '../../src/contract/object-event';
import { listDispatchers, type DispatchedFile } from './dispatchers';
import type { DeadLetterMessage } from './rerun/message';
import { bucketOf, headObject, showObject, type StoredObject } from './files';
import type { Pipeline } from './pipeline';
import { describeQueues } from './queues';
import { deadLetters } from './rerun/dead-letters';
import { peek } from './rerun/paced';
import { describeRules, type EventRule } from './rules';
import { eachOf } from './support/batches';
import type { Clients } from './support/clients';

export interface LogLine {
  readonly at: string;
  readonly group: string;
  readonly message: string;
}

/** The state of one key at each hop. */
export interface Trail {
  readonly bucket: string;
  readonly key: string;
  /** Appears in every log line of hops 2 to 8. */
  readonly correlationId?: string;
  /** Hop 1; absent if the object does not exist or was deleted. */
  readonly object?: StoredObject;
  /** Hop 2: the rules of the bucket, and whether each matches this object. */
  readonly rules: readonly {
    readonly name: string;
    readonly enabled: boolean;
    readonly matches: boolean;
    readonly targets: readonly string[];
  }[];
  readonly files: readonly ({ readonly dispatcher: string } & DispatchedFile)[];
  readonly deadLetterMessages: readonly {
    readonly queue: string;
    readonly messageId: string;
    readonly sentAt: string;
    readonly reason?: string;
  }[];
  readonly log: readonly LogLine[];
}

export interface FollowOptions {
  readonly bucket?: string;
  readonly since: Date;
  readonly signal: AbortSignal;
}

const MAX_DEAD_LETTER_MESSAGES = 10;
const MAX_LINES = 50;

/**
 * Follows a key across the hops.
 *
 * Visible messages of a queue cannot be read without receiving them. Messages in dead-letter queues are received for a
 * moment.
 */
export async function follow(
  clients: Clients,
  pipeline: Pipeline,
  key: string,
  { bucket: named, since, signal }: FollowOptions,
): Promise<Trail> {
  const bucket = await bucketOf(clients, pipeline, named);
  const [object, rules, dispatchers, { deadLetterQueues }] = await Promise.all([
    headObject(clients, bucket, key),
    describeRules(clients, pipeline),
    listDispatchers(clients, pipeline),
    describeQueues(clients, pipeline),
  ]);
  const about = rules.filter(({ buckets }) => buckets.includes(bucket));
  const matched = await eachOf(about, async (rule) => {
    const { name, enabled, targets } = rule;
    return { name, enabled, targets, matches: await matchesObject(clients, rule, bucket, key, object) };
  });
  const rows = await eachOf(dispatchers, async (dispatcher) => {
    const file = await showObject(clients, dispatcher, bucket, key, object);
    return file === undefined ? [] : [{ dispatcher: dispatcher.name, ...file }];
  });
  const files = rows.flat();
  const messages = (
    await eachOf(
      deadLetterQueues.filter(({ visible }) => visible > 0),
      async (queue) => {
        const found = await peek(deadLetters(clients, pipeline, queue), {
          matches: (message) => message.key === key && (message.bucket ?? bucket) === bucket,
          limit: MAX_DEAD_LETTER_MESSAGES,
          signal,
        });
        return found.items.map((message) => ({ queue: queue.name, message }));
      },
    )
  ).flat();
  const known =
    files.at(0)?.correlationId ??
    messages.find(({ message }) => message.correlationId !== undefined)?.message.correlationId;
  const groups = pipeline.ofType('AWS::Logs::LogGroup').map(({ physicalId }) => physicalId);
  const byKey = known === undefined ? await searchLogs(clients, groups, key, since) : [];
  const correlationId = known ?? byKey.map(({ message }) => correlationOf(message)).find((id) => id !== undefined);
  const log = correlationId === undefined ? byKey : await searchLogs(clients, groups, correlationId, since);
  return {
    bucket,
    key,
    ...(correlationId !== undefined && { correlationId }),
    ...(object && { object }),
    rules: matched,
    files,
    deadLetterMessages: messages.map(({ queue, message }) => summaryOf(queue, message)),
    log,
  };
}

const summaryOf = (queue: string, { id, failedAt, reason }: DeadLetterMessage) => ({
  queue,
  messageId: id,
  sentAt: failedAt.toISOString(),
  ...(reason !== undefined && { reason }),
});

/** Uses EventBridge to match the pattern against the event that S3 sends for this object. */
async function matchesObject(
  clients: Clients,
  { arn, pattern }: EventRule,
  bucket: string,
  key: string,
  object: StoredObject | undefined,
): Promise<boolean> {
  if (pattern === undefined) {
    return false;
  }
  const [, , , region, account] = arn.split(':');
  const event = {
    id: 'follow',
    account,
    region,
    time: new Date().toISOString(),
    source: OBJECT_EVENT_SOURCE,
    'detail-type': OBJECT_CREATED_DETAIL_TYPE,
    resources: [],
    detail: { bucket: { name: bucket }, object: { key, size: object?.size ?? 1 }, reason: 'PutObject' },
  };
  const { Result: matches = false } = await clients.events.send(
    new TestEventPatternCommand({ EventPattern: pattern, Event: JSON.stringify(event) }),
  );
  return matches;
}

async function searchLogs(clients: Clients, groups: readonly string[], text: string, since: Date): Promise<LogLine[]> {
  const found = await eachOf(groups, async (group) => {
    const { events = [] } = await clients.logs.send(
      new FilterLogEventsCommand({
        logGroupName: group,
        filterPattern: `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
        startTime: since.getTime(),
        limit: MAX_LINES,
      }),
    );
    return events.map(({ timestamp = 0, message = '' }) => ({
      at: new Date(timestamp).toISOString(),
      group,
      message: message.trim(),
    }));
  });
  return found
    .flat()
    .sort((one, other) => one.at.localeCompare(other.at))
    .slice(0, MAX_LINES);
}

function correlationOf(line: string): string | undefined {
  return /"correlationId":"([\w-]{1,100})"/.exec(line)?.[1];
}
