import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ExportOrchestrator, type QueueScaledFargateWorker } from 'cdk-fileworks';
import type { OutageConstruct } from './construct.ts';

export const exportsOfApi: OutageConstruct = {
  name: 'exports',
  failures: [
    ['HTTP API', '401'],
    ['HTTP API', '403'],
    ['HTTP API', '429 with a time'],
    ['HTTP API', '503'],
    ['HTTP API', 'hang'],
    ['HTTP API', 'login page'],
    ['S3 results', 'denied'],
    ['S3 results', 'hang'],
    ['DynamoDB', 'throttled'],
    ['Secrets Manager', 'denied'],
    ['SQS', 'denied'],
    ['EventBridge', 'denied'],
  ],
  program: 'exports.ts',

  // A task of each service
  promised: (dependency) => ({
    alarm:
      dependency === 'SQS'
        ? 'OrchestratorNotStartingAlarm'
        : `${dependency === 'S3 results' ? 'Worker' : 'Orchestrator'}DependencyUnavailableAlarm`,
    callers: 2,
    lateCallers: 2,
  }),

  add(stack, { id, dependency }, { bucket, task }) {
    const { cluster, image, environment, ...network } = task;
    const service = { ...network, minTasks: 1, maxTasks: 1, concurrency: 2, visibilityTimeout: Duration.minutes(5) };
    const secret = dependency === 'Secrets Manager' ? new Secret(stack, `${id}Secret`) : undefined;
    const exporter = new ExportOrchestrator(stack, id, {
      cluster,
      image,
      environment,
      apiSecret: secret,
      // Of its own, so that its outage is that of one cell
      eventBus: dependency === 'EventBridge' ? new EventBus(stack, `${id}Bus`) : undefined,
      outputBucket: bucket,
      outputPrefix: `results/${id}/`,
      orchestrator: { ...service, alarmNotStartingFor: Duration.minutes(5) },
      downloader: service,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const output = (name: string, value: string) => new CfnOutput(stack, `${id}${name}`, { value });
    const deadLetters = ({ deadLetterQueue }: QueueScaledFargateWorker) => deadLetterQueue?.queueUrl ?? '';
    output('Queue', exporter.exportQueue.queueUrl);
    output('QueueArn', exporter.exportQueue.queueArn);
    output('DeadLetters', deadLetters(exporter.orchestrator));
    output('DownloadDeadLetters', deadLetters(exporter.downloader));
    output('TableName', exporter.jobTable.tableName);
    output('BusName', exporter.eventBus.eventBusArn);
    if (secret !== undefined) {
      output('SecretName', secret.secretArn);
    }
  },

  async prepare(account, { id, dependency }) {
    if (dependency === 'Secrets Manager') {
      await account.putSecret(`${id}SecretName`, 'first');
    }
  },

  // The secret is read when the API refuses the one that was read before
  async begin(account, { id, dependency }, api) {
    if (dependency === 'Secrets Manager') {
      await account.putSecret(`${id}SecretName`, 'second');
      api.requireToken(id, 'second');
    }
  },

  send: (account, { id }, job) =>
    account.sendMessage(`${id}Queue`, {
      fileworksJob: 1,
      type: 'ExportJob',
      payload: { version: 1, jobIds: [String(job)] },
    }),
  // Without its manifests
  results: (account, { id }) => account.countFiles('BucketName', `results/${id}/`),
  deadLetters: async (account, { id }) =>
    (await account.countMessages(`${id}DeadLetters`)) + (await account.countMessages(`${id}DownloadDeadLetters`)),
};
