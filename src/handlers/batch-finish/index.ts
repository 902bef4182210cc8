import { paginateListObjectsV2, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  type BatchDocument,
  type BatchEvent,
  type BatchFailure,
  BatchFinishEnv,
  type BatchFinishRequest,
  BatchFolders,
  type BatchManifest,
  type BatchResult,
  type BatchSummary,
} from '../../contract/batch';
import { BATCH_METRIC_DIMENSION, BatchMetrics, METRIC_NAMESPACE } from '../../contract/metric-names';
import { numberVariable, variable } from '../shared/environment';
import { log } from '../shared/log';
import { type BatchRecord, countFiles } from './count';

const s3 = new S3Client();

/** Number of batches whose results are read concurrently. */
const CONCURRENCY = 32;

/**
 * Counts the results of a prefix, writes its manifest and the list of failed files, and returns the detail of the
 * event.
 */
export async function handler(request: BatchFinishRequest): Promise<BatchEvent> {
  const { folder, runId, prefix, startedAt, error } = request;
  const batches = await readBatches(folder);
  const { files, bytes, failedFiles } = countFiles(batches);
  // A file that remains where it was is processed again by each run
  const wrong = files.failed + files.unmarked;
  const tolerated = numberVariable(BatchFinishEnv.toleratedFailurePercentage);
  const summary: BatchSummary = {
    version: 1,
    runId,
    bucket: variable(BatchFinishEnv.sourceBucket),
    prefix,
    status: error === undefined && wrong * 100 <= tolerated * files.total ? 'succeeded' : 'failed',
    files,
    bytes,
    batches: { total: batches.length, failed: batches.filter(({ result }) => result?.complete !== true).length },
    startedAt,
    durationSeconds: Math.round((Date.now() - Date.parse(startedAt)) / 1_000),
    ...(error !== undefined && { error }),
  };
  const results = batches.map(({ document: { batchId, resultKey }, result, failure }) => ({
    batchId,
    resultKey,
    complete: result?.complete === true,
    ...(failure !== undefined && { failure }),
  }));
  await put(folder + BatchFolders.failedFiles, failedFiles.map((file) => `${JSON.stringify(file)}\n`).join(''));
  await put(folder + BatchFolders.manifest, JSON.stringify({ ...summary, results } satisfies BatchManifest));
  putMetrics(summary);
  log('INFO', 'prefix done', { correlationId: runId, ...summary });
  return {
    ...summary,
    manifest: { bucket: variable(BatchFinishEnv.resultBucket), key: folder + BatchFolders.manifest },
  };
}

async function readBatches(folder: string): Promise<BatchRecord[]> {
  const keys = new Set<string>();
  for await (const { Contents: objects = [] } of paginateListObjectsV2(
    { client: s3 },
    { Bucket: variable(BatchFinishEnv.resultBucket), Prefix: folder },
  )) {
    for (const { Key: key = '' } of objects) {
      keys.add(key);
    }
  }
  const described = [...keys].filter((key) => key.startsWith(folder + BatchFolders.batches)).values();
  const batches: BatchRecord[] = [];
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (const key of described) {
        batches.push(await readBatch(folder, key, keys));
      }
    }),
  );
  return batches.sort(({ document: { batchId: a } }, { document: { batchId: b } }) => (a < b ? -1 : 1));
}

async function readBatch(folder: string, key: string, keys: ReadonlySet<string>): Promise<BatchRecord> {
  const document = await readVersion1<BatchDocument>(key);
  const failureKey = `${folder}${BatchFolders.failures}${document.batchId}.json`;
  return {
    document,
    ...(keys.has(document.resultKey) && { result: await readVersion1<BatchResult>(document.resultKey) }),
    ...(keys.has(failureKey) && { failure: await read<BatchFailure>(failureKey) }),
  };
}

/** A newer version would be counted wrong. */
async function readVersion1<T extends { readonly version: 1 }>(key: string): Promise<T> {
  const value = await read<T>(key);
  const version: number = value.version;
  if (version !== 1) {
    throw new Error(
      `${key} has version ${version}, and this function reads version 1: deploy the release that wrote it, and redrive the run`,
    );
  }
  return value;
}

async function read<T>(key: string): Promise<T> {
  const { Body: body } = await s3.send(
    new GetObjectCommand({ Bucket: variable(BatchFinishEnv.resultBucket), Key: key }),
  );
  return JSON.parse((await body?.transformToString()) ?? '') as T;
}

async function put(key: string, body: string): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: variable(BatchFinishEnv.resultBucket),
      Key: key,
      Body: body,
      ContentType: 'application/json',
    }),
  );
}

function putMetrics({ files }: BatchSummary): void {
  const values = { [BatchMetrics.filesProcessed]: files.processed, [BatchMetrics.filesFailed]: files.failed };
  const Metrics = Object.keys(values).map((name) => ({ Name: name, Unit: 'Count' }));
  const line = {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [{ Namespace: METRIC_NAMESPACE, Dimensions: [[BATCH_METRIC_DIMENSION]], Metrics }],
    },
    [BATCH_METRIC_DIMENSION]: variable(BatchFinishEnv.name),
    ...values,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
