import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { TaskAlertsEnv, type AlertLayout } from '../../contract/task-alerts';
import { numberVariable, variable } from '../shared/environment';
import { log } from '../shared/log';
import { classify, type Alert, type Interest } from './classify';
import { readEcsEvent } from './events';
import { findLinks } from './links';
import { Memory } from './memory';
import { renderBody, renderSubject } from './render';

const dynamoDb = new DynamoDBClient();
const ecs = new ECSClient();
const sns = new SNSClient();

/** Tells of one event of ECS, once, unless enough was told in this period. */
export async function handler(event: unknown): Promise<void> {
  const alert = classify(readEcsEvent(event), readInterest());
  if (!alert) {
    return;
  }
  const memory = new Memory(dynamoDb, variable(TaskAlertsEnv.tableName));
  if (await memory.knows(alert.changeId)) {
    log('INFO', 'told already', { changeId: alert.changeId });
    return;
  }
  const nowSeconds = Math.floor(Date.now() / 1_000);
  await tell(alert, memory, nowSeconds);
  await memory.remember(alert.changeId, nowSeconds);
}

async function tell(alert: Alert, memory: Memory, nowSeconds: number): Promise<void> {
  const maxAlerts = numberVariable(TaskAlertsEnv.maxAlerts);
  const periodSeconds = numberVariable(TaskAlertsEnv.periodSeconds);
  const periodStart = nowSeconds - (nowSeconds % periodSeconds);
  const number = await memory.count(periodStart, periodSeconds);
  if (number > maxAlerts) {
    log('WARN', 'not sent: there were enough alerts in this period', { ...alert, number });
    return;
  }
  const until = new Date((periodStart + periodSeconds) * 1_000).toISOString();
  const last = `This is alert ${maxAlerts} of its period. What happens until ${until} is only in the log of this function.`;
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
  log('INFO', 'told', { ...alert, number });
}

function readInterest(): Interest {
  return {
    kinds: new Set(variable(TaskAlertsEnv.kinds).split(',')),
    expectedExitCodes: new Set(variable(TaskAlertsEnv.expectedExitCodes).split(',').map(Number)),
  };
}
