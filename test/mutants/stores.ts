import { mutantsOf } from './mutant.ts';

/** Conditions and reads of the two stores. */
export const storeMutants = [
  ...mutantsOf('runtime/dispatch/dynamodb/writes.ts', [
    [
      "ConditionExpression: '#rev = :seen',",
      "ConditionExpression: '#rev = :seen OR attribute_exists(pk)',",
      'a write on an old row succeeds',
    ],
    [
      "Item: toItem({ ...fileKey(row.id), ...row, ...derived(row, retentionSeconds) }),\n      ConditionExpression: 'attribute_not_exists(pk)',",
      'Item: toItem({ ...fileKey(row.id), ...row, ...derived(row, retentionSeconds) }),',
      'a duplicate event registers its file again',
    ],
    [
      "'#version = :seen AND attribute_not_exists(#holder)'",
      "'#version = :seen AND (attribute_not_exists(#holder) OR attribute_exists(#holder))'",
      'a slot is claimed that another file holds',
    ],
    [
      "'#version = :seen AND #holder = :seenHolder'",
      "'#version <= :seen AND #holder = :seenHolder OR #version = :seen'",
      'a slot is freed that another file holds',
    ],
    [
      "'#version = :seen AND #holder = :seenHolder'",
      "'(#version = :seen OR attribute_exists(#version)) AND #holder = :seenHolder'",
      'a slot is freed that the file has claimed again',
    ],
    [
      "return { ConditionExpression: 'attribute_not_exists(pk)', names: {}, values: {} };",
      "return { ConditionExpression: 'attribute_not_exists(absent)', names: {}, values: {} };",
      'two claims make the same slot',
    ],
    ["? { ConditionExpression: 'attribute_not_exists(pk)' }", '? {}', 'two arrivals make the same key row'],
    [
      "ConditionExpression: '#version = :seen',\n        ExpressionAttributeNames",
      "ConditionExpression: '#version >= :seen',\n        ExpressionAttributeNames",
      'a change of pauses or of a key row is lost',
    ],
    [
      "if (file.status === 'queued' && after.status !== 'queued') {",
      "if (file.status === 'queued' && after.status === 'starting') {",
      'a skipped file stays in the queue',
    ],
    [
      "return after.status === 'queued' ? [update, enqueue(TableName, after)] : [update];",
      'return [update];',
      'a redriven file is in no queue',
    ],
    [
      "return row.status === 'queued' ? [put, enqueue(TableName, row)] : [put];",
      'return [put];',
      'a registered file is in no queue',
    ],
    ['rev: file.rev + 1 };\n  const fields', 'rev: file.rev };\n  const fields', 'the revision does not grow'],
    [
      'filter(([, value]) => value !== undefined);\n  const set',
      'filter(([, value]) => value !== undefined && value !== 0);\n  const set',
      'a field with the value 0 is not written',
    ],
  ]),
  ...mutantsOf('runtime/dispatch/dynamodb/dynamodb-store.ts', [
    [
      "code === 'ConditionalCheckFailed' || code === 'TransactionConflict')",
      'code !== undefined)',
      'a throttled transaction is taken for a lost race',
    ],
    ['reasons.length > 0 && reasons.every', 'reasons.every', 'a transaction without a reason is taken for a lost race'],
    [
      'Key: marshall(key), ConsistentRead: true',
      'Key: marshall(key), ConsistentRead: false',
      'a row is read from a replica',
    ],
    ["'H#'), ConsistentRead: true })", "'H#'), ConsistentRead: false })", 'slots are read from a replica'],
    ['      ConsistentRead: true,\n      Limit: limit,', '      Limit: limit,', 'the queue is read from a replica'],
    [
      '      ConsistentRead: true,\n      ScanIndexForward: false,',
      '      ScanIndexForward: false,',
      'the last order is read from a replica',
    ],
    ['ScanIndexForward: false,', 'ScanIndexForward: true,', 'the first order is taken for the last'],
    ['dueSk(now + 1)', 'dueSk(now)', 'a file that is due now is found later', 'the sweep of the next minute finds it'],
    ['shard < DUE_SHARDS; shard', 'shard < DUE_SHARDS - 1; shard', 'files of one shard are never due'],
    ['(start + step) % DUE_SHARDS', 'Math.min(start + step, DUE_SHARDS - 1)', 'the backlog does not begin again'],
    [
      "step === 0 && after !== undefined ? backlogSk(after, END) : 'Q#'",
      "'Q#'",
      'the backlog serves the same sequence twice',
    ],
    ['if (Put) {', "if (Put && !('ConditionExpression' in Put)) {", 'a single write is not sent'],
  ]),
  ...mutantsOf('runtime/dispatch/dynamodb/items.ts', [
    [
      'const due = holdsSlot(file.status) && file.dueAt !== undefined;',
      "const due = file.status === 'running' && file.dueAt !== undefined;",
      'a launch that was lost is never checked',
    ],
    [
      'troublePk: failed ? file.status : undefined',
      "troublePk: failed && file.status !== 'parked' ? file.status : undefined",
      'parked files are not listed',
    ],
    ['`Q#${order}#${id}`', '`Q#${id}#${order}`', 'the queue is ordered by id'],
    [
      "isTerminal(file.status) && file.status !== 'parked'",
      'isTerminal(file.status)',
      'a parked file expires before an operator acts',
    ],
    [
      "String(dueAt).padStart(15, '0')",
      'String(dueAt)',
      'due times of different lengths are compared as text',
      'times of this century have the same length',
    ],
    ['    notBefore,\n    fence,', '    fence,', 'the settle time is not in the queue'],
    ['    notBefore,\n    fence,', '    notBefore,', 'a redriven file gets a smaller fence'],
  ]),
  ...mutantsOf('runtime/dispatch/postgres/statements.ts', [
    ['AND rev = $${values.length + 2}`', 'AND rev >= $${values.length + 2}`', 'a write on an old row succeeds'],
    [
      "'ON CONFLICT (id) DO NOTHING');\n    case",
      "'ON CONFLICT (id) DO UPDATE SET rev = 1');\n    case",
      'a duplicate event registers its file again',
    ],
    ['AND version = ${v} AND holder', 'AND version >= ${v} AND holder', 'a claim on an old queue succeeds'],
    [
      ' AND holder IS NOT DISTINCT FROM ${h}`',
      ' AND (holder IS NOT DISTINCT FROM ${h} OR true)`',
      'a slot is freed that another file holds',
    ],
    [
      "'ON CONFLICT (sequence, slot) DO NOTHING'",
      "'ON CONFLICT (sequence, slot) DO UPDATE SET version = 1'",
      'two claims make the same slot',
    ],
    [
      "'ON CONFLICT (bucket, key) DO NOTHING'",
      "'ON CONFLICT (bucket, key) DO UPDATE SET version = 1'",
      'two arrivals make the same key row',
    ],
    ['AND key = ${k} AND version = ${v}`', 'AND key = ${k} AND version >= ${v}`', 'a change of a key row is lost'],
    ['WHERE version = $${values.length + 1}`', 'WHERE version >= $${values.length + 1}`', 'a change of pauses is lost'],
    [
      "{ id: 1, ...row }, 'ON CONFLICT (id) DO NOTHING'",
      "{ id: 1, ...row }, 'ON CONFLICT (id) DO UPDATE SET version = 1'",
      'the first of two pauses is lost',
    ],
    ['rev: write.file.rev + 1', 'rev: write.file.rev', 'the revision does not grow'],
    ['value === undefined ? null :', 'value === undefined ? undefined :', 'a removed field', 'pg writes NULL for both'],
    [
      "(kind === 'head' ? 0 : kind === 'key' ? 1 : 2)",
      "(kind === 'head' ? 2 : kind === 'key' ? 1 : 0)",
      'locks are taken in another order',
      'only the number of deadlocks changes, and a deadlock is a lost race',
    ],
  ]),
  ...mutantsOf('runtime/dispatch/postgres/postgres-store.ts', [
    ['return rowCount === 1;', 'return rowCount !== null;', 'a condition that does not hold is not noticed'],
    [
      "await connection.query('ROLLBACK');\n          broken = false;",
      "await connection.query('COMMIT');\n          broken = false;",
      'half of a refused decision is written',
    ],
    ["new Set(['40001', '40P01', '23505'])", "new Set(['40001', '40P01'])", 'a lost race for a slot is an error'],
    ['ORDER BY "order", id COLLATE "C" LIMIT $2`', 'ORDER BY id COLLATE "C" LIMIT $2`', 'the queue is ordered by id'],
    ['ORDER BY "order" DESC, id', 'ORDER BY "order", id', 'the first order is taken for the last'],
    [
      "status IN ('starting', 'running', 'waiting') AND due_at <= $1",
      "status IN ('running', 'waiting') AND due_at <= $1",
      'a launch that was lost is never checked',
    ],
    ['attempts, not_before, fence, ', 'attempts, not_before, ', 'a redriven file gets a smaller fence'],
    ['AND ($2::text IS NULL OR type = $2)', '', 'failed files of every type are listed'],
  ]),
];
