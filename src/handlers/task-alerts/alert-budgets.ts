import { ConditionalCheckFailedException, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ALERT_TABLE, AlertSeverity } from '../../contract/task-alerts';
import { key } from './alert-history';
import type { Alert } from './classify';

/** Counts are of no use after their period. */
const KEEP_SECONDS = 86_400;

export interface BudgetOptions {
  readonly periodSeconds: number;
  /** Maximum alerts of one severity in a period. */
  readonly maxAlerts: number;
  /** Maximum alerts of one severity for one owner in a period. */
  readonly maxAlertsPerGroup: number;
}

export type Verdict =
  /** `last`: the next alert of this owner and severity will be held back until the period ends. */
  | { readonly admitted: true; readonly last: boolean; readonly periodEnd: number }
  /** `dueAt`: when a digest shall contain the alert, in seconds since 1970. */
  | { readonly admitted: false; readonly dueAt: number };

/**
 * Numbers of alerts in a period, in the table, so that all instances of the function share them.
 *
 * Severities have separate budgets, so none can use up that of another. Within a severity, each owner has its own
 * budget, and half of the budget of all owners is kept for the first alert of each: an owner with many alerts cannot
 * hold back the first one of another. If more owners fail than that, the first alert is held back but due at once.
 */
export class AlertBudgets {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #options: BudgetOptions;

  constructor(client: DynamoDBClient, tableName: string, options: BudgetOptions) {
    this.#client = client;
    this.#tableName = tableName;
    this.#options = options;
  }

  /** Counts an alert if the budgets allow it. */
  async spend(alert: Alert, nowSeconds: number): Promise<Verdict> {
    const { maxAlerts, maxAlertsPerGroup, periodSeconds } = this.#options;
    const periodEnd = this.#periodStart(nowSeconds) + periodSeconds;
    if (alert.canWait) {
      return { admitted: false, dueAt: periodEnd };
    }
    const [ofOwner, ofSeverity] = this.#keys(alert, nowSeconds);
    const number = await this.#add(ofOwner, periodEnd, maxAlertsPerGroup);
    if (number === undefined) {
      return { admitted: false, dueAt: periodEnd };
    }
    const maxRepeated = Math.ceil(maxAlerts / 2);
    const total = await this.#add(ofSeverity, periodEnd, number === 1 ? maxAlerts : maxRepeated);
    if (total === undefined) {
      return { admitted: false, dueAt: number === 1 ? nowSeconds : periodEnd };
    }
    return { admitted: true, last: number >= maxAlertsPerGroup || total >= maxRepeated, periodEnd };
  }

  /** Takes back what an alert spent that could not be published. `spentAt` is the time of `spend`. */
  async refund(alert: Alert, spentAt: number): Promise<void> {
    await Promise.all(
      this.#keys(alert, spentAt).map((id) =>
        this.#client.send(
          new UpdateItemCommand({
            TableName: this.#tableName,
            Key: key(id),
            UpdateExpression: 'ADD alerts :minusOne',
            ExpressionAttributeValues: { ':minusOne': { N: '-1' } },
          }),
        ),
      ),
    );
  }

  /** One more, unless that exceeds `max`; the new number. */
  async #add(id: string, periodEnd: number, max: number): Promise<number | undefined> {
    try {
      const { Attributes: attributes } = await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#tableName,
          Key: key(id),
          UpdateExpression: 'ADD alerts :one SET #expiresAt = :expiresAt',
          ConditionExpression: 'attribute_not_exists(alerts) OR alerts < :max',
          ExpressionAttributeNames: { '#expiresAt': ALERT_TABLE.expiresAt },
          ExpressionAttributeValues: {
            ':one': { N: '1' },
            ':max': { N: String(max) },
            ':expiresAt': { N: String(periodEnd + KEEP_SECONDS) },
          },
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      return Number(attributes?.['alerts']?.N);
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        return undefined;
      }
      throw error;
    }
  }

  /** ERROR continues the number that earlier releases kept for all severities together. */
  #keys({ severity, cluster, owner }: Alert, nowSeconds: number): readonly [string, string] {
    const period = `period#${this.#periodStart(nowSeconds)}`;
    return [
      `${period}#${severity}#${cluster}/${owner}`,
      severity === AlertSeverity.error ? period : `${period}#${severity}`,
    ];
  }

  #periodStart(nowSeconds: number): number {
    return nowSeconds - (nowSeconds % this.#options.periodSeconds);
  }
}
