import { type TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { derived, fileKey, headKey, objectKey, pauseKey, queueItem, queueKey } from './items.js';
import { type QueuedFile } from '../rows.js';
import {
  type FileInsert,
  type FileUpdate,
  type HeadWrite,
  type KeyWrite,
  type PauseWrite,
  type Write,
} from '../store.js';

/** The DynamoDB transaction for a set of writes. The queue item is written and deleted with the status of its file. */
export function transactItems(
  tableName: string,
  writes: readonly Write[],
  retentionSeconds: number,
): TransactWriteItem[] {
  const item = (write: Write): TransactWriteItem[] => {
    switch (write.kind) {
      case 'insert':
        return insertItems(tableName, write, retentionSeconds);
      case 'update':
        return updateItems(tableName, write, retentionSeconds);
      case 'head':
        return [headItem(tableName, write)];
      case 'key':
        return [keyItem(tableName, write, retentionSeconds)];
      case 'pause':
        return [pauseItem(tableName, write)];
    }
  };
  return writes.flatMap(item);
}

const toItem = (fields: object) => marshall(fields, { removeUndefinedValues: true });

function insertItems(TableName: string, { row }: FileInsert, retentionSeconds: number): TransactWriteItem[] {
  const put: TransactWriteItem = {
    Put: {
      TableName,
      Item: toItem({ ...fileKey(row.id), ...row, ...derived(row, retentionSeconds) }),
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
  return row.status === 'queued' ? [put, enqueue(TableName, row)] : [put];
}

function updateItems(TableName: string, { file, change }: FileUpdate, retentionSeconds: number): TransactWriteItem[] {
  const after = { ...file, updatedAt: 0, ...change, rev: file.rev + 1 };
  const fields = { ...change, rev: after.rev, ...derived(after, retentionSeconds) };
  const { expression, names, values } = updateExpression(fields);
  const update: TransactWriteItem = {
    Update: {
      TableName,
      Key: toItem(fileKey(file.id)),
      UpdateExpression: expression,
      ConditionExpression: '#rev = :seen',
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: toItem({ ...values, ':seen': file.rev }),
    },
  };
  if (file.status === 'queued' && after.status !== 'queued') {
    return [update, dequeue(TableName, file)];
  }
  return after.status === 'queued' ? [update, enqueue(TableName, after)] : [update];
}

function enqueue(TableName: string, file: QueuedFile): TransactWriteItem {
  return {
    Put: {
      TableName,
      Item: toItem(queueItem(sequenceOf(file), file)),
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
}

function dequeue(TableName: string, file: QueuedFile): TransactWriteItem {
  return {
    Delete: { TableName, Key: toItem(queueKey(sequenceOf(file), file)), ConditionExpression: 'attribute_exists(pk)' },
  };
}

function sequenceOf({ id, sequence }: QueuedFile): string {
  if (sequence === undefined) {
    throw new Error(`file ${id} has no sequence and cannot be queued`);
  }
  return sequence;
}

function headItem(TableName: string, { sequence, slot, seen, change }: HeadWrite): TransactWriteItem {
  const Key = toItem(headKey(sequence, slot));
  const condition = seenHead(seen);
  if (change === undefined) {
    const { ConditionExpression, names, values } = condition;
    return { ConditionCheck: { TableName, Key, ConditionExpression, ...expressionInputs(names, values) } };
  }
  const { expression, names, values } = updateExpression({
    ...(seen === undefined && { sequence, slot, version: 0, appended: 0 }),
    ...change,
  });
  const inputs = expressionInputs({ ...names, ...condition.names }, { ...values, ...condition.values });
  return {
    Update: {
      TableName,
      Key,
      UpdateExpression: expression,
      ConditionExpression: condition.ConditionExpression,
      ...inputs,
    },
  };
}

function seenHead(seen: HeadWrite['seen']) {
  if (seen === undefined) {
    return { ConditionExpression: 'attribute_not_exists(pk)', names: {}, values: {} };
  }
  const names = { '#version': 'version', '#holder': 'holder' };
  return seen.holder === undefined
    ? {
        ConditionExpression: '#version = :seen AND attribute_not_exists(#holder)',
        names,
        values: { ':seen': seen.version },
      }
    : {
        ConditionExpression: '#version = :seen AND #holder = :seenHolder',
        names,
        values: { ':seen': seen.version, ':seenHolder': seen.holder },
      };
}

const expressionInputs = (names: Record<string, string>, values: Readonly<Record<string, unknown>>) => ({
  ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
  ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: toItem(values) }),
});

function keyItem(TableName: string, { seen, row }: KeyWrite, retentionSeconds: number): TransactWriteItem {
  const expiresAt = Math.ceil(row.updatedAt / 1_000) + retentionSeconds;
  return {
    Put: { TableName, Item: toItem({ ...objectKey(row.bucket, row.key), ...row, expiresAt }), ...seenVersion(seen) },
  };
}

function pauseItem(TableName: string, { seen, row }: PauseWrite): TransactWriteItem {
  return { Put: { TableName, Item: toItem({ ...pauseKey, ...row }), ...seenVersion(seen) } };
}

const seenVersion = (seen: number | undefined) =>
  seen === undefined
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : {
        ConditionExpression: '#version = :seen',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: toItem({ ':seen': seen }),
      };

/** `SET` for defined fields, `REMOVE` for undefined ones. */
function updateExpression(fields: Readonly<Record<string, unknown>>) {
  const names = Object.fromEntries(Object.keys(fields).map((name) => [`#${name}`, name]));
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const set = given.map(([name]) => `#${name} = :${name}`).join(', ');
  const remove = Object.keys(fields)
    .filter((name) => fields[name] === undefined)
    .map((name) => `#${name}`)
    .join(', ');
  const expression = `${set === '' ? '' : `SET ${set}`} ${remove === '' ? '' : `REMOVE ${remove}`}`.trim();
  return { expression, names, values: Object.fromEntries(given.map(([name, value]) => [`:${name}`, value])) };
}
