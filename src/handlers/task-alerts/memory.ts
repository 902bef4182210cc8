import { GetItemCommand, PutItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ALERT_TABLE } from '../../contract/task-alerts';

/** Events are repeated within minutes; a day is beyond any retry. */
const REMEMBER_SECONDS = 86_400;

/** Remembers in a table what was told, and how much in this period. */
export class Memory {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** Whether somebody was told of this change. */
  async knows(changeId: string): Promise<boolean> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: key(`change#${changeId}`), ConsistentRead: true }),
    );
    return item !== undefined;
  }

  /** To be called after somebody was told: told twice is better than never. */
  async remember(changeId: string, nowSeconds: number): Promise<void> {
    const item = {
      ...key(`change#${changeId}`),
      [ALERT_TABLE.expiresAt]: { N: String(nowSeconds + REMEMBER_SECONDS) },
    };
    await this.#client.send(new PutItemCommand({ TableName: this.#tableName, Item: item }));
  }

  /** Counts one more alert; gives the number of this one in the period that began at `periodStart`. */
  async count(periodStart: number, periodSeconds: number): Promise<number> {
    const { Attributes: attributes } = await this.#client.send(
      new UpdateItemCommand({
        TableName: this.#tableName,
        Key: key(`period#${periodStart}`),
        UpdateExpression: 'ADD alerts :one SET #expiresAt = :expiresAt',
        ExpressionAttributeNames: { '#expiresAt': ALERT_TABLE.expiresAt },
        ExpressionAttributeValues: {
          ':one': { N: '1' },
          ':expiresAt': { N: String(periodStart + periodSeconds + REMEMBER_SECONDS) },
        },
        ReturnValues: 'UPDATED_NEW',
      }),
    );
    return Number(attributes?.['alerts']?.N);
  }
}

const key = (id: string) => ({ [ALERT_TABLE.key]: { S: id } });
