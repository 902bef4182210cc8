import { GetItemCommand, PutItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ALERT_TABLE } from '../../contract/task-alerts';

/** Duplicate events arrive within minutes; a day exceeds every retry period. */
const KEEP_SECONDS = 86_400;

/** Table of sent alerts and of their number per period. */
export class AlertHistory {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** Whether an alert for this change was sent. */
  async includes(changeId: string): Promise<boolean> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: key(`change#${changeId}`), ConsistentRead: true }),
    );
    return item !== undefined;
  }

  /** Call it after the alert was sent: a duplicate alert is better than a lost one. */
  async record(changeId: string, nowSeconds: number): Promise<void> {
    const item = {
      ...key(`change#${changeId}`),
      [ALERT_TABLE.expiresAt]: { N: String(nowSeconds + KEEP_SECONDS) },
    };
    await this.#client.send(new PutItemCommand({ TableName: this.#tableName, Item: item }));
  }

  /** Counts an alert; returns its number in the period that began at `periodStart`. */
  async count(periodStart: number, periodSeconds: number): Promise<number> {
    const { Attributes: attributes } = await this.#client.send(
      new UpdateItemCommand({
        TableName: this.#tableName,
        Key: key(`period#${periodStart}`),
        UpdateExpression: 'ADD alerts :one SET #expiresAt = :expiresAt',
        ExpressionAttributeNames: { '#expiresAt': ALERT_TABLE.expiresAt },
        ExpressionAttributeValues: {
          ':one': { N: '1' },
          ':expiresAt': { N: String(periodStart + periodSeconds + KEEP_SECONDS) },
        },
        ReturnValues: 'UPDATED_NEW',
      }),
    );
    return Number(attributes?.['alerts']?.N);
  }
}

const key = (id: string) => ({ [ALERT_TABLE.key]: { S: id } });
