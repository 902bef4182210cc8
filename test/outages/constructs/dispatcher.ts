import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { DispatchTarget, FileIngestBucket, TypeConcurrency, TypedDispatcher } from 'cdk-fileworks';
import type { Dependency } from '../cell.ts';
import type { OutageConstruct } from './construct.ts';

/** Tasks at the same time. */
const TASKS = 2;
/** What its tasks use; its functions use the others. */
const OF_TASKS: readonly Dependency[] = ['S3 source', 'S3 results', 'HTTP API', 'PostgreSQL'];

export const dispatcher: OutageConstruct = {
  name: 'dispatcher',
  failures: [
    ['S3 source', 'denied'],
    ['S3 results', 'hang'],
    ['HTTP API', '503'],
    ['PostgreSQL', 'locked'],
    ['DynamoDB', 'denied'],
    ['DynamoDB', 'throttled'],
    ['DynamoDB', 'away'],
    ['RunTask', 'denied'],
    ['RunTask', 'throttled'],
    ['SQS', 'denied'],
  ],
  program: 'file-task.ts',

  promised: () => ({ alarm: 'DependencyUnavailableAlarm', callers: TASKS }),

  add(stack, { id, dependency }, { bucket, task: { cluster, image, environment, ...network } }) {
    const taskDefinition = new ecs.FargateTaskDefinition(stack, `${id}Task`, { cpu: 256, memoryLimitMiB: 512 });
    taskDefinition.addContainer('File', {
      image: image!,
      environment: OF_TASKS.includes(dependency) ? environment : { ...environment, DEPENDENCY: '' },
      stopTimeout: Duration.seconds(30),
    });
    const dispatcher = new TypedDispatcher(stack, id, { removalPolicy: RemovalPolicy.DESTROY });
    const ingest = new FileIngestBucket(stack, `${id}Ingest`);
    dispatcher.addBucket('Files', ingest, `source/${id}/`);
    dispatcher.addType('File', {
      prefixes: [`source/${id}/`],
      concurrency: TypeConcurrency.parallelUpTo(TASKS),
      target: DispatchTarget.ecsTask({ cluster, taskDefinition, ...network }),
    });
    dispatcher.grantStoreResults(bucket, `results/${id}/`);
    const output = (name: string, value: string) => new CfnOutput(stack, `${id}${name}`, { value });
    output('SourceName', ingest.bucket.bucketName);
    output('TableName', dispatcher.stateTable?.tableName ?? '');
    output('TaskName', taskDefinition.taskDefinitionArn);
    output('QueueArn', dispatcher.queue.queueArn);
    if (!OF_TASKS.includes(dependency)) {
      const functions = ['Ingress', 'Launcher'].map((name) => dispatcher.node.findChild(name) as unknown as IFunction);
      output('Functions', functions.map(({ functionName }) => functionName).join(','));
    }
    output('DeadLetters', dispatcher.deadLetterQueue.queueUrl);
  },

  send: (account, { id }, job) => account.putFile(`${id}SourceName`, `source/${id}/${job}`),
  results: (account, { id }) => account.countFiles('BucketName', `results/${id}/`),
  deadLetters: (account, { id }) => account.countMessages(`${id}DeadLetters`),
};
