import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaHandler } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { AlertClock, ALERT_TABLE, TaskAlertsEnv } from '../../../contract/task-alerts';
import { acknowledge } from '../../private/acknowledge';
import { grantPublish, grantSend, grantWork } from '../../private/grants';
import { createHandlerFunction } from '../../private/handler-function';
import { nameOf, pathOf } from '../../private/paths';
import { AlertDefaults } from '../defaults';
import { AlertFormat, type TaskAlert } from '../task-alert';
import type { TaskLifecycleAlertsProps } from '../task-lifecycle-alerts-props';

export interface AlertFunctionOptions extends Pick<
  TaskLifecycleAlertsProps,
  'format' | 'maxAlerts' | 'maxAlertsPerGroup' | 'period' | 'runbookUrl'
> {
  readonly topic: ITopic;
  readonly deadLetterQueue: IQueue;
  readonly alerts: ReadonlySet<TaskAlert>;
  readonly expectedExitCodes: readonly number[];
}

/** The function that sends alerts and digests, and its table. */
export function createAlertFunction(scope: Construct, options: AlertFunctionOptions): LambdaHandler {
  const { topic, deadLetterQueue, maxAlerts = AlertDefaults.maxAlerts } = options;
  const { maxAlertsPerGroup = AlertDefaults.maxAlertsPerGroup(maxAlerts) } = options;
  const table = createTable(scope);
  const handler = createHandlerFunction(scope, 'Function', {
    handler: 'task-alerts',
    description: `Sends alerts of failed tasks, for ${pathOf(scope)}`,
    timeout: AlertDefaults.functionTimeout,
    environment: {
      [TaskAlertsEnv.name]: nameOf(scope),
      [TaskAlertsEnv.topicArn]: topic.topicArn,
      [TaskAlertsEnv.tableName]: table.tableName,
      [TaskAlertsEnv.kinds]: [...options.alerts].join(','),
      [TaskAlertsEnv.layout]: options.format ?? AlertFormat.TEXT,
      [TaskAlertsEnv.expectedExitCodes]: options.expectedExitCodes.join(','),
      [TaskAlertsEnv.maxAlerts]: String(maxAlerts),
      [TaskAlertsEnv.maxAlertsPerGroup]: String(maxAlertsPerGroup),
      [TaskAlertsEnv.periodSeconds]: String((options.period ?? AlertDefaults.period).toSeconds()),
      [TaskAlertsEnv.deadLetterQueueUrl]: deadLetterQueue.queueUrl,
      ...(options.runbookUrl !== undefined && { [TaskAlertsEnv.runbookUrl]: options.runbookUrl }),
    },
  });
  handler.configureAsyncInvoke({
    maxEventAge: AlertDefaults.functionRetryFor,
    onFailure: { bind: () => ({ destination: deadLetterQueue.queueArn }) },
  });
  grantSend(deadLetterQueue, handler);
  grantWork(deadLetterQueue, handler);
  grantPublish(topic, handler);
  // grant() of the CDK would allow them on the index too.
  iam.Grant.addToPrincipal({
    grantee: handler,
    actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
    resourceArns: [table.tableArn],
  });
  iam.Grant.addToPrincipal({
    grantee: handler,
    actions: ['dynamodb:Query'],
    resourceArns: [`${table.tableArn}/index/${ALERT_TABLE.heldIndex.name}`],
  });
  iam.Grant.addToPrincipal({ grantee: handler, actions: ['ecs:DescribeTaskDefinition'], resourceArns: ['*'] });
  acknowledge(
    scope,
    'AwsSolutions-IAM5[Resource::*]',
    'ecs:DescribeTaskDefinition has no narrower resource; it reads the location of the log of a failed task',
  );
  return handler;
}

/**
 * A schedule, because digests must be sent when no further event comes, and tried again for as long as the topic or the
 * table is unavailable, which may exceed every retry policy.
 */
export function startClock(scope: Construct, alertFunction: LambdaHandler, deadLetterQueue: IQueue): void {
  new Rule(scope, 'Clock', {
    description: `Sends digests of alerts for ${pathOf(scope)}`,
    schedule: Schedule.rate(AlertDefaults.clockInterval),
    targets: [
      new LambdaFunction(alertFunction, {
        deadLetterQueue,
        // The next run does the same.
        maxEventAge: AlertDefaults.clockInterval,
        retryAttempts: 0,
        event: RuleTargetInput.fromObject(AlertClock),
      }),
    ],
  });
}

function createTable(scope: Construct): dynamodb.Table {
  const { key, expiresAt, heldIndex } = ALERT_TABLE;
  const table = new dynamodb.Table(scope, 'Told', {
    partitionKey: { name: key, type: dynamodb.AttributeType.STRING },
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: expiresAt,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  table.addGlobalSecondaryIndex({
    indexName: heldIndex.name,
    partitionKey: { name: heldIndex.severity, type: dynamodb.AttributeType.STRING },
    sortKey: { name: heldIndex.dueAt, type: dynamodb.AttributeType.NUMBER },
  });
  acknowledge(
    table,
    'AwsSolutions-DDB3',
    'The table keeps sent alerts for a day and held ones until the next digest, so a restore would have no value',
  );
  return table;
}
