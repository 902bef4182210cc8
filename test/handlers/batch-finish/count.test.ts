import type { BatchDocument, BatchFileResult } from '../../../src/contract/batch';
import { countFiles } from '../../../src/handlers/batch-finish/count';

const document = (batchId: string, ...keys: string[]): BatchDocument => ({
  version: 1,
  runId: 'r',
  batchId,
  bucket: 'b',
  files: keys.map((key) => ({ key, size: 10 })),
  filing: { by: 'none' },
  resultKey: `results/${batchId}.json`,
});
const result = (batchId: string, complete: boolean, ...files: BatchFileResult[]) => ({
  version: 1 as const,
  runId: 'r',
  batchId,
  complete,
  files,
});
const file = (key: string, outcome: BatchFileResult['outcome'], more: object = {}): BatchFileResult => ({
  key,
  outcome,
  size: 10,
  milliseconds: 1,
  ...more,
});

test('counts each file of each batch once, by what became of it', () => {
  const batches = [
    {
      document: document('1', 'a', 'b', 'c'),
      result: result('1', true, file('a', 'processed'), file('b', 'failed', { reason: 'bad' }), file('c', 'skipped')),
    },
    {
      document: document('2', 'd', 'e'),
      result: result('2', false, file('d', 'processed')),
      failure: { error: 'States.TaskFailed', cause: '{}' },
    },
    { document: document('3', 'f') },
  ];
  expect(countFiles(batches)).toEqual({
    files: { total: 6, processed: 2, failed: 3, skipped: 1, unmarked: 0 },
    bytes: 20,
    failedFiles: [
      file('b', 'failed', { reason: 'bad' }),
      { key: 'e', outcome: 'failed', milliseconds: 0, reason: 'its batch was not finished: States.TaskFailed' },
      { key: 'f', outcome: 'failed', milliseconds: 0, reason: 'its batch was not finished' },
    ],
  });
});

test('counts nothing when there was nothing', () => {
  expect(countFiles([])).toEqual({
    files: { total: 0, processed: 0, failed: 0, skipped: 0, unmarked: 0 },
    bytes: 0,
    failedFiles: [],
  });
});
