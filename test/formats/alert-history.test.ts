import { itemsOf, localDynamoDb, type LocalDynamoDb, putItems } from './support/local-dynamodb';
import { describeFormat } from './support/stored-format';
import { createAlertTable } from '../support/alert-table';
import { ALERT_TABLE, AlertKind, AlertSeverity } from '../../src/contract/task-alerts';
import { AlertBudgets } from '../../src/handlers/task-alerts/alert-budgets';
import { AlertHistory } from '../../src/handlers/task-alerts/alert-history';
import { classify, type Alert } from '../../src/handlers/task-alerts/classify';
import { taskStopped } from '../handlers/task-alerts/events';

jest.setTimeout(120_000);

const PERIOD = Date.parse('2026-11-30T00:00:00Z') / 1_000;
const budget = { periodSeconds: 300, maxAlerts: 10, maxAlertsPerGroup: 3 };
const filter = { kinds: new Set<string>(Object.values(AlertKind)), expectedExitCodes: new Set([0]) };

function alert(changeId: string, severity: AlertSeverity = AlertSeverity.error): Alert {
  return { ...classify(taskStopped(), filter)!, severity, changeId };
}

let dynamoDb: LocalDynamoDb;

beforeAll(async () => {
  dynamoDb = await localDynamoDb();
});
afterAll(() => dynamoDb.stop());

async function createTable(tableName: string) {
  await createAlertTable(dynamoDb.client, tableName);
  return {
    history: new AlertHistory(dynamoDb.client, tableName),
    budgets: new AlertBudgets(dynamoDb.client, tableName, budget),
  };
}

describeFormat({
  name: 'alert-history',
  async write() {
    const { history, budgets } = await createTable('written');
    await history.record('stopped/task-1', PERIOD + 1);
    await history.hold(alert('stopped/task-3', AlertSeverity.warning), PERIOD + 300, 'Budget');
    await budgets.spend(alert('stopped/task-4'), PERIOD);
    await budgets.spend(alert('stopped/task-5'), PERIOD);
    await budgets.spend(alert('stopped/task-6', AlertSeverity.warning), PERIOD);
    await history.pause(PERIOD, 90);
    await history.claimDigests(PERIOD, 90);
    return itemsOf(dynamoDb.client, 'written', ({ id }) => `${id.split('#')[0]}s`, [ALERT_TABLE.key]);
  },
  async read(records, version) {
    const { history, budgets } = await createTable(`version-${version}`);
    await putItems(dynamoDb.client, `version-${version}`, records);
    expect(await history.includes('stopped/task-1')).toBe(true);
    expect(await history.includes('stopped/task-2')).toBe(false);
    // Before version 2, alerts were not held, one budget was for all groups, and nothing paused.
    const since2 = version >= 2;
    expect(await history.includes('stopped/task-3')).toBe(since2);
    expect(await history.held(AlertSeverity.warning, 10)).toHaveLength(since2 ? 1 : 0);
    expect(await history.isPaused(PERIOD + 89)).toBe(since2);
    expect(await history.claimDigests(PERIOD + 89, 90)).toBe(!since2);
    const verdicts = [];
    for (const task of [7, 8, 9, 10]) {
      verdicts.push((await budgets.spend(alert(`stopped/task-${task}`), PERIOD)).admitted);
    }
    expect(verdicts).toEqual(since2 ? [true, false, false, false] : [true, true, true, false]);
  },
});
