import {
  ConditionalCheckFailedException,
  GetItemCommand,
  paginateQuery,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { ALERT_TABLE, type AlertSeverity } from '../../contract/task-alerts';
import type { Alert } from './classify';
import { HeldCause, readHeldAlert, renderHeldAlert, type HeldAlert } from './held-alert';

/** Duplicate events arrive within minutes; a day exceeds every retry period. */
const KEEP_SECONDS = 86_400;
/** Writes at a time after a digest. */
const PARALLEL_WRITES = 25;

const { expiresAt, heldIndex } = ALERT_TABLE;

/**
 * The table of alerts. Each change of a task or service has at most one item, in one of two states:
 *
 * - held: the alert is not published and waits for a digest. The item does not expire.
 * - sent: the alert or a digest with it was published. The item expires after a day.
 *
 * So an alert is only recorded as sent after it was published.
 */
export class AlertHistory {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** Whether the alert for this change is sent or held. */
  async includes(changeId: string): Promise<boolean> {
    return (await this.#get(`change#${changeId}`)) !== undefined;
  }

  /** Call it after the alert was published: a duplicate alert is better than a lost one. */
  async record(changeId: string, nowSeconds: number): Promise<void> {
    await this.#put(`change#${changeId}`, { [expiresAt]: { N: String(nowSeconds + KEEP_SECONDS) } });
  }

  /** Keeps an alert for a digest at or after `dueAt`, unless it is held or sent already. */
  async hold(alert: Alert, dueAt: number, cause: HeldCause): Promise<void> {
    await this.#client
      .send(
        new PutItemCommand({
          TableName: this.#tableName,
          Item: {
            ...key(`change#${alert.changeId}`),
            [heldIndex.severity]: { S: alert.severity },
            [heldIndex.dueAt]: { N: String(dueAt) },
            ...renderHeldAlert(alert, cause),
          },
          ConditionExpression: 'attribute_not_exists(id)',
        }),
      )
      .catch(ignoreFailedCondition);
  }

  /** Whether a held alert of the severity is due. */
  async isDue(severity: AlertSeverity, nowSeconds: number): Promise<boolean> {
    const { Items: items = [] } = await this.#client.send(new QueryCommand({ ...this.#held(severity), Limit: 1 }));
    return items.some(({ [heldIndex.dueAt]: dueAt }) => Number(dueAt.N) <= nowSeconds);
  }

  /** The held alerts of the severity, due or not, at most `max`. The index is eventually consistent. */
  async held(severity: AlertSeverity, max: number): Promise<HeldAlert[]> {
    const found: HeldAlert[] = [];
    for await (const { Items: items = [] } of paginateQuery({ client: this.#client }, this.#held(severity))) {
      found.push(...items.map((item) => readHeldAlert(item, textOf(item, ALERT_TABLE.key).slice('change#'.length))));
      if (found.length >= max) {
        break;
      }
    }
    return found.slice(0, max);
  }

  /** Call it after a digest with these alerts was published. */
  async recordAll(changeIds: readonly string[], nowSeconds: number): Promise<void> {
    for (let start = 0; start < changeIds.length; start += PARALLEL_WRITES) {
      await Promise.all(changeIds.slice(start, start + PARALLEL_WRITES).map((id) => this.record(id, nowSeconds)));
    }
  }

  /** For `seconds`, alerts are held back without an attempt to publish them. */
  async pause(nowSeconds: number, seconds: number): Promise<void> {
    await this.#put('pause#topic', {
      until: { N: String(nowSeconds + seconds) },
      [expiresAt]: { N: String(nowSeconds + KEEP_SECONDS) },
    });
  }

  async isPaused(nowSeconds: number): Promise<boolean> {
    return Number((await this.#get('pause#topic'))?.['until']?.N ?? 0) > nowSeconds;
  }

  /** Whether the caller alone may send digests, for `seconds` or until the time of `releaseDigests`. */
  async claimDigests(nowSeconds: number, seconds: number): Promise<boolean> {
    return this.#client
      .send(
        new UpdateItemCommand({
          TableName: this.#tableName,
          Key: key('digest#claim'),
          UpdateExpression: 'SET claimedUntil = :until',
          ConditionExpression: 'attribute_not_exists(claimedUntil) OR claimedUntil <= :now',
          ExpressionAttributeValues: {
            ':until': { N: String(nowSeconds + seconds) },
            ':now': { N: String(nowSeconds) },
          },
        }),
      )
      .then(() => true, ignoreFailedCondition);
  }

  async releaseDigests(untilSeconds: number): Promise<void> {
    await this.#put('digest#claim', { claimedUntil: { N: String(untilSeconds) } });
  }

  async #get(id: string): Promise<Record<string, AttributeValue | undefined> | undefined> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: key(id), ConsistentRead: true }),
    );
    return item;
  }

  async #put(id: string, attributes: Record<string, AttributeValue>): Promise<void> {
    await this.#client.send(new PutItemCommand({ TableName: this.#tableName, Item: { ...key(id), ...attributes } }));
  }

  #held(severity: AlertSeverity) {
    return {
      TableName: this.#tableName,
      IndexName: heldIndex.name,
      KeyConditionExpression: `${heldIndex.severity} = :severity`,
      ExpressionAttributeValues: { ':severity': { S: severity } },
    };
  }
}

export const key = (id: string) => ({ [ALERT_TABLE.key]: { S: id } });

const textOf = (item: Readonly<Record<string, AttributeValue | undefined>>, name: string) => item[name]?.S ?? '';

function ignoreFailedCondition(error: unknown): false {
  if (error instanceof ConditionalCheckFailedException) {
    return false;
  }
  throw error;
}
