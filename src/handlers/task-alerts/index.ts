import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { TaskAlertsEnv, type AlertLayout } from '../../contract/task-alerts';
import { numberVariable, variable } from '../shared/environment';
import { log } from '../shared/log';
import { classify, type Alert, type AlertFilter } from './classify';
import { readEcsEvent } from './events';
import { findLinks } from './links';
import { AlertHistory } from './alert-history';
import { renderBody, renderSubject } from './render';

const dynamoDb = new DynamoDBClient();
const ecs = new ECSClient();
const sns = new SNSClient();

/** Publishes an alert for an ECS event, once, within the limit of alerts per period. */
export async function handler(event: unknown): Promise<void> {
  const alert = classify(readEcsEvent(event), readFilter());
  if (!alert) {
    return;
  }
  const history = new AlertHistory(dynamoDb, variable(TaskAlertsEnv.tableName));
  if (await history.includes(alert.changeId)) {
    log('INFO', 'duplicate event', { changeId: alert.changeId });
    return;
  }
  const nowSeconds = Math.floor(Date.now() / 1_000);
  await publish(alert, history, nowSeconds);
  await history.record(alert.changeId, nowSeconds);
}

async function publish(alert: Alert, history: AlertHistory, nowSeconds: number): Promise<void> {
  const maxAlerts = numberVariable(TaskAlertsEnv.maxAlerts);
  const periodSeconds = numberVariable(TaskAlertsEnv.periodSeconds);
  const periodStart = nowSeconds - (nowSeconds % periodSeconds);
  const number = await history.count(periodStart, periodSeconds);
  if (number > maxAlerts) {
    log('WARN', 'not sent: alert limit of this period reached', { ...alert, number });
    return;
  }
  const until = new Date((periodStart + periodSeconds) * 1_000).toISOString();
  const last = `This is alert ${maxAlerts} of its period, the maximum. Until ${until}, further alerts are only written to the log of this function.`;
  const links = await findLinks(ecs, alert, process.env[TaskAlertsEnv.runbookUrl]);
  const surroundings = { links, ...(number === maxAlerts && { note: last }) };
  await sns.send(
    new PublishCommand({
      TopicArn: variable(TaskAlertsEnv.topicArn),
      Subject: renderSubject(alert),
      Message: renderBody(variable(TaskAlertsEnv.layout) as AlertLayout, alert, surroundings),
      MessageAttributes: Object.fromEntries(
        Object.entries({ severity: alert.severity, kind: alert.kind, group: alert.group }).map(([name, text]) => [
          name,
          { DataType: 'String', StringValue: text },
        ]),
      ),
    }),
  );
  log('INFO', 'alert sent', { ...alert, number });
}

function readFilter(): AlertFilter {
  return {
    kinds: new Set(variable(TaskAlertsEnv.kinds).split(',')),
    expectedExitCodes: new Set(variable(TaskAlertsEnv.expectedExitCodes).split(',').map(Number)),
  };
}
