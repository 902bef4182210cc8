import { CfnOutput } from 'aws-cdk-lib';
import { BatchProcessor, ChunkedBatchWorkflow, FileIngestBucket, FilingMode, RunOverlap } from 'cdk-fileworks';
import { ALL_JOBS, JOBS } from '../cell.ts';
import type { OutageConstruct } from './construct.ts';

/** A job is a run of one file, which its marker starts. */
export const batches: OutageConstruct = {
  name: 'batches',
  failures: [
    ['S3 source', 'denied'],
    ['S3 results', 'denied'],
    ['S3 results', 'away'],
    ['S3 results', 'hang'],
    ['RunTask', 'denied'],
    ['RunTask', 'throttled'],
    ['Step Functions', 'throttled'],
  ],
  program: 'batch.ts',

  // Each run has a task of its own
  promised: () => ({ alarm: 'DependencyUnavailableAlarm', callers: JOBS.beginning + JOBS.middle }),

  add(stack, { id }, { bucket, task }) {
    const ingest = new FileIngestBucket(stack, `${id}Ingest`);
    const workflow = new ChunkedBatchWorkflow(stack, id, {
      bucket: ingest.bucket,
      prefixes: Array.from({ length: ALL_JOBS }, (_, job) => `source/${id}/${job}/`),
      processor: BatchProcessor.fargateTask({ ...task, image: task.image! }),
      filing: FilingMode.NONE,
      overlap: RunOverlap.ALLOW,
      markerSource: ingest,
    });
    workflow.grantStoreResults(bucket, `results/${id}/`);
    const output = (name: string, value: string) => new CfnOutput(stack, `${id}${name}`, { value });
    output('SourceName', ingest.bucket.bucketName);
    output('TaskName', workflow.taskDefinition?.taskDefinitionArn ?? '');
    output('MachineName', workflow.stateMachine.stateMachineArn);
    output('DeadLetters', workflow.markerRoute?.deadLetterQueue?.queueUrl ?? '');
  },

  async send(account, { id }, job) {
    await account.putFile(`${id}SourceName`, `source/${id}/${job}/incoming/${job}`);
    await account.putFile(`${id}SourceName`, `source/${id}/${job}/incoming/_READY`, '');
  },
  results: (account, { id }) => account.countFiles('BucketName', `results/${id}/`),
  deadLetters: (account, { id }) => account.countMessages(`${id}DeadLetters`),
};
