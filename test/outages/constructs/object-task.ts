import { CfnOutput } from 'aws-cdk-lib';
import { FileIngestBucket, IngestTarget, ObjectFargateTask } from 'cdk-fileworks';
import { JOBS } from '../cell.ts';
import { addDependency, type OutageConstruct } from './construct.ts';

export const objectTask: OutageConstruct = {
  name: 'object task',
  failures: [
    ['S3 results', 'denied'],
    ['S3 results', 'hang'],
    ['S3 source', 'away'],
    ['DynamoDB', 'throttled'],
    ['PostgreSQL', 'locked'],
    ['HTTP API', '503'],
    ['HTTP API', 'secret rotated'],
    ['secrets at the start', 'denied'],
    ['RunTask', 'denied'],
    ['RunTask', 'throttled'],
    ['RunTask', 'no capacity'],
    ['Step Functions', 'throttled'],
    ['Step Functions', '503'],
  ],
  program: 'object-task.ts',

  // Each object has a task of its own
  promised: () => ({ alarm: 'DependencyUnavailableAlarm', callers: JOBS.beginning + JOBS.middle }),

  add(stack, cell, { bucket, task }) {
    const { id } = cell;
    const objectTask = new ObjectFargateTask(stack, id, task);
    objectTask.grantStoreResults(bucket, `results/${id}/`);
    addDependency(stack, cell, objectTask);
    const ingest = new FileIngestBucket(stack, `${id}Ingest`);
    ingest.addRoute('Files', { prefixes: [`source/${id}/`], target: IngestTarget.fargateTask(objectTask) });
    new CfnOutput(stack, `${id}SourceName`, { value: ingest.bucket.bucketName });
    new CfnOutput(stack, `${id}DeadLetters`, { value: objectTask.deadLetterQueue.queueUrl });
  },

  send: (account, { id }, job) => account.putFile(`${id}SourceName`, `source/${id}/${job}`),
  results: (account, { id }) => account.countFiles('BucketName', `results/${id}/`),
  deadLetters: (account, { id }) => account.countMessages(`${id}DeadLetters`),
};
