import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AlertFormat, TaskLifecycleAlerts } from 'cdk-fileworks';
import type { Account } from '../account.ts';
import { ALL_JOBS } from '../cell.ts';
import type { OutageConstruct } from './construct.ts';

/** The alerts that were received, by cell. A digest does not name each: those beyond all jobs were sent twice. */
const received = new Map<string, string[]>();

export const alerts: OutageConstruct = {
  name: 'alerts',
  failures: [
    ['SNS', 'denied'],
    ['SNS', 'throttled'],
    ['SNS', '503'],
    ['SNS', 'away'],
    ['DynamoDB', 'denied'],
    ['DynamoDB', 'throttled'],
  ],

  promised: () => ({ alarm: 'UndeliveredAlarm', callers: 1 }),

  add(stack, { id }) {
    const lifecycleAlerts = new TaskLifecycleAlerts(stack, id, {
      taskDefinitionFamilies: [id],
      format: AlertFormat.JSON,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const subscriber = new Queue(stack, `${id}Subscriber`, { visibilityTimeout: Duration.hours(1) });
    lifecycleAlerts.topic.addSubscription(new SqsSubscription(subscriber, { rawMessageDelivery: true }));
    const output = (name: string, value: string) => new CfnOutput(stack, `${id}${name}`, { value });
    output('Queue', subscriber.queueUrl);
    output('TopicName', lifecycleAlerts.topic.topicArn);
    output('Function', (lifecycleAlerts.node.findChild('Function') as unknown as IFunction).functionName);
    output('TableName', (lifecycleAlerts.node.findChild('Told') as unknown as ITable).tableName);
    output('DeadLetters', lifecycleAlerts.deadLetterQueue.queueUrl);
  },

  send: (account, { id }, job) =>
    // As the rule does; events of AWS cannot be put
    account.invokeLater(`${id}Function`, {
      id: `event-${job}`,
      'detail-type': 'ECS Task State Change',
      source: 'aws.ecs',
      account: '000000000000',
      region: 'us-east-1',
      time: new Date(account.cloud.clock.now()).toISOString(),
      resources: [taskArn(job)],
      detail: {
        clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/main',
        taskArn: taskArn(job),
        taskDefinitionArn: `arn:aws:ecs:us-east-1:000000000000:task-definition/${id}:1`,
        group: `family:${id}`,
        lastStatus: 'STOPPED',
        stopCode: 'EssentialContainerExited',
        stoppedReason: 'Essential container in task exited',
        containers: [{ name: 'main', exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' }],
        version: 5,
      },
    }),
  done: async ({ id }, _, account) => receive(account, id),
  results: async (account, { id }) => new Set(await receive(account, id)).size,
  deadLetters: (account, { id }) => account.countMessages(`${id}DeadLetters`),
};

const taskArn = (job: number) => `arn:aws:ecs:us-east-1:000000000000:task/main/${job}`;

/** Notices of alarms go to the topic as well, and are no alerts. */
async function receive(account: Account, cell: string): Promise<readonly string[]> {
  const known = received.get(cell) ?? [];
  for (const body of await account.receiveMessages(`${cell}Queue`)) {
    const { kind, alerts: count = 1 } = JSON.parse(body) as { kind?: string; alerts?: number };
    for (let alert = 0; kind !== undefined && alert < count; alert++) {
      known.push(String(known.length % ALL_JOBS));
    }
  }
  received.set(cell, known);
  return known;
}
