import { createHash } from 'node:crypto';
import { type DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';

export interface Entry {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly customer: string;
  readonly object: { readonly key: string; readonly versionId?: string; readonly sequencer?: string };
  readonly sha256: string;
  readonly fence: number;
  readonly signal: AbortSignal;
}

/** The state before the first entry. */
const START = { position: { N: '0' }, fence: { N: '0' }, digest: { S: '' }, file: { S: '' } };

/**
 * Adds a file to its customer's history. Each entry carries a digest of all entries up to it, so that a missing,
 * repeated or misplaced file changes every later digest.
 *
 * @throws Error when a later turn has already written: the result of this container is then invalid
 */
export async function appendToHistory({
  client,
  table,
  customer,
  object,
  sha256,
  fence,
  signal,
}: Entry): Promise<void> {
  const file = `${object.key}@${object.versionId ?? object.sequencer ?? ''}`;
  const { Items: items = [] } = await client.send(
    new QueryCommand({
      TableName: table,
      ConsistentRead: true,
      ScanIndexForward: false,
      Limit: 1,
      KeyConditionExpression: 'customer = :customer',
      ExpressionAttributeValues: { ':customer': { S: customer } },
    }),
    { abortSignal: signal },
  );
  const last = items.at(0) ?? START;
  // An earlier attempt crashed after it had written its entry
  if (last.file.S === file) {
    return;
  }
  if (Number(last.fence.N) > fence) {
    throw new Error(`the history of ${customer} was written with fence ${last.fence.N}, this turn has ${fence}`);
  }
  const digest = createHash('sha256').update(`${last.digest.S}${sha256}`).digest('hex');
  await client.send(
    new PutItemCommand({
      TableName: table,
      Item: {
        customer: { S: customer },
        position: { N: String(Number(last.position.N) + 1) },
        file: { S: file },
        sha256: { S: sha256 },
        digest: { S: digest },
        fence: { N: String(fence) },
      },
      // Two containers with the same last entry cannot both write the next one
      ConditionExpression: 'attribute_not_exists(customer)',
    }),
    { abortSignal: signal },
  );
}
