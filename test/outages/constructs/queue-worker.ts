import { CfnOutput, Duration } from 'aws-cdk-lib';
import { QueueScaledFargateWorker } from 'cdk-fileworks';
import { JOBS } from '../cell.ts';
import { addDependency, allow, type OutageConstruct } from './construct.ts';

const ALL_JOBS = Object.values(JOBS).reduce((sum, count) => sum + count, 0);

export const queueWorker: OutageConstruct = {
  name: 'queue worker',
  failures: [
    ['S3 results', 'denied'],
    ['S3 results', 'throttled'],
    ['S3 results', '503'],
    ['S3 results', 'away'],
    ['S3 results', 'hang'],
    ['S3 results', 'disabled key'],
    ['S3 source', 'denied'],
    ['S3 source', 'throttled'],
    ['S3 source', '503'],
    ['S3 source', 'away'],
    ['S3 source', 'hang'],
    ['S3 source', 'disabled key'],
    ['DynamoDB', 'denied'],
    ['DynamoDB', 'throttled'],
    ['DynamoDB', '503'],
    ['DynamoDB', 'away'],
    ['DynamoDB', 'hang'],
    ['Secrets Manager', 'denied'],
    ['Secrets Manager', 'throttled'],
    ['Secrets Manager', 'away'],
    ['Secrets Manager', 'disabled key'],
    ['EventBridge', 'denied'],
    ['EventBridge', 'throttled'],
    ['EventBridge', '503'],
    ['EventBridge', 'away'],
    ['EventBridge', 'hang'],
    ['SQS', 'denied'],
    ['SQS', '503'],
    ['SQS', 'hang'],
    ['PostgreSQL', 'away'],
    ['PostgreSQL', 'hang'],
    ['PostgreSQL', 'locked'],
    ['PostgreSQL', 'out of connections'],
    ['PostgreSQL', 'read-only'],
    ['HTTP API', '401'],
    ['HTTP API', '403'],
    ['HTTP API', '429 with a time'],
    ['HTTP API', '429 with a date'],
    ['HTTP API', '429 without sense'],
    ['HTTP API', '503'],
    ['HTTP API', 'hang'],
    ['HTTP API', 'away'],
    ['HTTP API', 'login page'],
    ['HTTP API', 'secret rotated'],
  ],
  program: 'queue-worker.ts',

  promised: (dependency, form) => ({
    // Without messages, a worker cannot know that jobs wait: the queue's own alarm shows it
    alarm: dependency === 'SQS' ? 'NotStartingAlarm' : 'DependencyUnavailableAlarm',
    callers: dependency === 'S3 results' && form === 'denied' ? 2 : 1,
    lateCallers: 1,
  }),

  add(stack, cell, { bucket, task }) {
    const { id, dependency, callers } = cell;
    const worker = new QueueScaledFargateWorker(stack, id, {
      ...task,
      concurrency: 2,
      minTasks: 1,
      maxTasks: callers,
      visibilityTimeout: Duration.minutes(5),
      // Below the default, so that the alarm can be there in time
      alarmNotStartingFor: Duration.minutes(5),
    });
    worker.grantStoreResults(bucket, `results/${id}/`);
    addDependency(stack, cell, worker);
    if (dependency === 'S3 source') {
      allow(worker, 's3:GetObject', bucket.arnForObjects(`source/${id}/*`));
      new CfnOutput(stack, `${id}SourceName`, { value: bucket.bucketName });
    }
    new CfnOutput(stack, `${id}Queue`, { value: worker.queue.queueUrl });
    new CfnOutput(stack, `${id}QueueArn`, { value: worker.queue.queueArn });
    new CfnOutput(stack, `${id}DeadLetters`, { value: worker.deadLetterQueue?.queueUrl ?? '' });
  },

  async prepare(account, { id, dependency }) {
    for (let job = 0; dependency === 'S3 source' && job < ALL_JOBS; job++) {
      await account.putFile(`${id}SourceName`, `source/${id}/${job}`);
    }
  },

  send: (account, { id }, job) =>
    account.sendMessage(`${id}Queue`, { fileworksJob: 1, type: 'Outage', payload: { id: String(job) } }),
  results: (account, { id }) => account.countFiles('BucketName', `results/${id}/`),
  deadLetters: (account, { id }) => account.countMessages(`${id}DeadLetters`),
};
