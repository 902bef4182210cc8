import { paginateScan, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ALERT_TABLE, AlertKind, AlertSeverity } from '../../../src/contract/task-alerts';
import { AlertBudgets, type BudgetOptions } from '../../../src/handlers/task-alerts/alert-budgets';
import { AlertDelivery } from '../../../src/handlers/task-alerts/alert-delivery';
import { AlertHistory } from '../../../src/handlers/task-alerts/alert-history';
import type { Alert } from '../../../src/handlers/task-alerts/classify';
import { createAlertTable } from '../../support/alert-table';

const MINUTE = 60_000;

/** What the topic does with a message. */
export type TopicState = 'accepts' | 'refuses' | 'accepts without an answer';

/** An alert or a digest that the topic accepted. */
export interface Publication {
  readonly time: number;
  readonly severity: AlertSeverity;
  /** Undefined: a digest. */
  readonly alert?: Alert;
  readonly changeIds: readonly string[];
}

/** `TaskLifecycleAlerts` with a real table, a topic and a clock that the test controls. */
export class AlertWorld {
  readonly published: Publication[] = [];
  topic: TopicState = 'accepts';
  /** Attempts to publish. */
  attempts = 0;
  /** Of the next calls of the table, those with `true` fail. */
  readonly failingCalls: boolean[] = [];
  /** Minute 0 begins a period. */
  now = Date.parse('2026-11-30T00:00:00Z');
  /** Events that failed, and that Lambda, EventBridge or the clock handle again. */
  readonly #failed: Alert[] = [];
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #budget: BudgetOptions;
  #changes = 0;

  private constructor(client: DynamoDBClient, table: string, budget: BudgetOptions) {
    this.#client = client;
    this.#table = table;
    this.#budget = budget;
  }

  static async create(client: DynamoDBClient, table: string, budget: BudgetOptions): Promise<AlertWorld> {
    await createAlertTable(client, table);
    return new AlertWorld(client, table, budget);
  }

  alert(severity: AlertSeverity, group: string): Alert {
    this.#changes += 1;
    return {
      kind: AlertKind.outOfMemory,
      severity,
      title: `A task of ${group} ran out of memory`,
      cluster: 'files',
      group,
      owner: `service:${group}`,
      reason: '',
      time: new Date(this.now).toISOString(),
      region: 'eu-west-1',
      changeId: `change-${this.#changes}`,
    };
  }

  /** Each event is delivered by its own instance of the function, all at the same time. */
  async deliver(alerts: readonly Alert[]): Promise<void> {
    await Promise.all(
      alerts.map((alert) =>
        this.#instance()
          .deliver(alert)
          .catch(() => this.#failed.push(alert)),
      ),
    );
  }

  /** The clock runs each minute, sometimes twice. */
  async passMinutes(minutes: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute++) {
      this.now += MINUTE;
      await Promise.all([this.#instance().sendDigests(), this.#instance().sendDigests()]);
      await this.deliver(this.#failed.splice(0));
    }
  }

  /** Change ids by what the table says of them. */
  async remembered(): Promise<{ readonly sent: string[]; readonly held: string[] }> {
    const found = { sent: [] as string[], held: [] as string[] };
    for await (const { Items: items = [] } of paginateScan({ client: this.#client }, { TableName: this.#table })) {
      for (const { id, [ALERT_TABLE.heldIndex.severity]: severity } of items) {
        if (id.S!.startsWith('change#')) {
          found[(severity as unknown) === undefined ? 'sent' : 'held'].push(id.S!.slice('change#'.length));
        }
      }
    }
    return found;
  }

  #instance(): AlertDelivery {
    const client = this.#flakyClient();
    return new AlertDelivery({
      name: 'Pipeline/Alerts',
      history: new AlertHistory(client, this.#table),
      budgets: new AlertBudgets(client, this.#table, this.#budget),
      publisher: {
        publish: (alert) => this.#accept({ severity: alert.severity, alert, changeIds: [alert.changeId] }),
        publishDigest: ({ severity, changeIds }) => this.#accept({ severity, changeIds }),
      },
      now: () => this.now,
    });
  }

  #flakyClient(): DynamoDBClient {
    const send = (command: never) =>
      this.failingCalls.shift() === true ? Promise.reject(new Error('table away')) : this.#client.send(command);
    return Object.create(this.#client, { send: { value: send } }) as DynamoDBClient;
  }

  async #accept(publication: Omit<Publication, 'time'>): Promise<void> {
    this.attempts += 1;
    await Promise.resolve();
    if (this.topic !== 'refuses') {
      this.published.push({ ...publication, time: this.now });
    }
    if (this.topic !== 'accepts') {
      throw new Error('Throttled');
    }
  }
}
