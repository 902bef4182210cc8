import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { sqsEndpoint } from '../../contract/sqs-endpoint';
import { AlertClock, TaskAlertsEnv, type AlertLayout } from '../../contract/task-alerts';
import { numberVariable, variable } from '../shared/environment';
import { log } from '../shared/log';
import { AlertBudgets } from './alert-budgets';
import { AlertDelivery } from './alert-delivery';
import { AlertHistory } from './alert-history';
import { classify, type AlertFilter } from './classify';
import { handleDeadLetters } from './dead-letters';
import { readEcsEvent } from './events';
import { AlertPublisher } from './publisher';

// An endpoint that does not answer must leave time to hold the alert back.
const settings = { requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true } };
const dynamoDb = new DynamoDBClient(settings);
const ecs = new ECSClient({ ...settings, maxAttempts: 2 });
const sns = new SNSClient(settings);
const sqs = new SQSClient({ ...settings, ...sqsEndpoint(process.env) });

/** Delivers the alert for an ECS event, or, for the event of the clock, what could not be delivered before. */
export async function handler(event: unknown): Promise<void> {
  const delivery = createDelivery();
  if (!isClock(event)) {
    await deliver(event, delivery);
    return;
  }
  if (!(await delivery.sendDigests())) {
    // The dead-letter messages need the same table and topic.
    return;
  }
  await handleDeadLetters(sqs, variable(TaskAlertsEnv.deadLetterQueueUrl), async (letter) => {
    if (!isClock(letter)) {
      await deliver(letter, delivery);
    }
  }).catch((error: unknown) => {
    log('ERROR', 'the dead-letter queue could not be read', { error: String(error) });
  });
}

async function deliver(event: unknown, delivery: AlertDelivery): Promise<void> {
  const alert = classify(readEcsEvent(event), readFilter());
  if (alert) {
    await delivery.deliver(alert);
  }
}

function createDelivery(): AlertDelivery {
  const tableName = variable(TaskAlertsEnv.tableName);
  return new AlertDelivery({
    name: variable(TaskAlertsEnv.name),
    history: new AlertHistory(dynamoDb, tableName),
    budgets: new AlertBudgets(dynamoDb, tableName, {
      periodSeconds: numberVariable(TaskAlertsEnv.periodSeconds),
      maxAlerts: numberVariable(TaskAlertsEnv.maxAlerts),
      maxAlertsPerGroup: numberVariable(TaskAlertsEnv.maxAlertsPerGroup),
    }),
    publisher: new AlertPublisher(sns, ecs, {
      topicArn: variable(TaskAlertsEnv.topicArn),
      layout: variable(TaskAlertsEnv.layout) as AlertLayout,
      runbookUrl: process.env[TaskAlertsEnv.runbookUrl],
    }),
    now: Date.now,
  });
}

function isClock(event: unknown): boolean {
  return JSON.stringify(event) === JSON.stringify(AlertClock);
}

function readFilter(): AlertFilter {
  return {
    kinds: new Set(variable(TaskAlertsEnv.kinds).split(',')),
    expectedExitCodes: new Set(variable(TaskAlertsEnv.expectedExitCodes).split(',').map(Number)),
  };
}
