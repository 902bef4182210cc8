import { ALERT_METRIC_DIMENSION, AlertMetrics } from '../../contract/metric-names';
import { AlertSeverity } from '../../contract/task-alerts';
import { writeMetrics } from '../shared/emf';
import { log } from '../shared/log';
import type { AlertBudgets } from './alert-budgets';
import type { AlertHistory } from './alert-history';
import type { Alert } from './classify';
import { digestsOf } from './digest';
import { HeldCause } from './held-alert';
import type { AlertPublisher } from './publisher';

/** While the topic is unavailable, the clock alone tries it; longer than from one run of the clock to the next. */
const PAUSE_SECONDS = 90;
/** Longer than the timeout of the function, so that a claim ends only after its holder. */
const CLAIM_SECONDS = 90;
/** From the beginning of a run to the next one, so that a duplicate event of the clock does nothing. */
const RUN_SECONDS = 30;
/** Of one severity in one run of the clock; the next run continues. */
const MAX_HELD = 5_000;
/** The most severe first. */
const SEVERITIES = [AlertSeverity.error, AlertSeverity.warning, AlertSeverity.info];

export interface AlertDeliveryParts {
  /** Value of the dimension of the metrics. */
  readonly name: string;
  readonly history: AlertHistory;
  readonly budgets: AlertBudgets;
  readonly publisher: Pick<AlertPublisher, 'publish' | 'publishDigest'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Publishes each alert at once, or holds it back for a digest: when its budget is spent, or the topic does not accept
 * it. An alert is forgotten only after it or its digest was published.
 */
export class AlertDelivery {
  readonly #parts: AlertDeliveryParts;

  constructor(parts: AlertDeliveryParts) {
    this.#parts = parts;
  }

  /** @throws if the table is unavailable: the event of the alert must be handled again */
  async deliver(alert: Alert): Promise<void> {
    const { history, budgets } = this.#parts;
    const now = this.#nowSeconds();
    const [known, paused] = await Promise.all([history.includes(alert.changeId), history.isPaused(now)]);
    if (known) {
      log('INFO', 'duplicate event', { changeId: alert.changeId });
      return;
    }
    if (paused) {
      await this.#hold(alert, now, HeldCause.unpublished);
      return;
    }
    const verdict = await budgets.spend(alert, now);
    if (!verdict.admitted) {
      await this.#hold(alert, verdict.dueAt, HeldCause.budget);
      return;
    }
    const until = new Date(verdict.periodEnd * 1_000).toISOString();
    const note = `This is the last ${alert.severity} alert of ${alert.group} until ${until}. Further ones are then sent in a digest.`;
    await this.#publish(alert, verdict.last ? note : undefined, now);
  }

  /**
   * Sends the digests that are due. A failure is logged and counted, and the next run tries again.
   *
   * @returns whether nothing failed
   */
  async sendDigests(): Promise<boolean> {
    const { history } = this.#parts;
    const now = this.#nowSeconds();
    try {
      const due = await Promise.all(SEVERITIES.map((severity) => history.isDue(severity, now)));
      if (due.includes(true) && (await history.claimDigests(now, CLAIM_SECONDS))) {
        const severities = SEVERITIES.filter((_, index) => due[index]);
        await this.#sendClaimed(severities).finally(() => history.releaseDigests(now + RUN_SECONDS));
      }
      return true;
    } catch (error) {
      log('ERROR', 'digests could not be sent', { error: String(error) });
      this.#count(AlertMetrics.undelivered);
      return false;
    }
  }

  async #sendClaimed(severities: readonly AlertSeverity[]): Promise<void> {
    const { history, publisher } = this.#parts;
    for (const severity of severities) {
      for (const digest of digestsOf(severity, await history.held(severity, MAX_HELD))) {
        try {
          await publisher.publishDigest(digest);
        } catch (error) {
          await history.pause(this.#nowSeconds(), PAUSE_SECONDS);
          throw error;
        }
        await history.recordAll(digest.changeIds, this.#nowSeconds());
        log('INFO', 'digest sent', { severity, alerts: digest.alerts });
      }
    }
  }

  async #publish(alert: Alert, note: string | undefined, spentAt: number): Promise<void> {
    const { history, budgets, publisher } = this.#parts;
    try {
      await publisher.publish(alert, note);
    } catch (error) {
      log('ERROR', 'alert could not be published', { ...alert, error: String(error) });
      this.#count(AlertMetrics.undelivered);
      const now = this.#nowSeconds();
      await this.#hold(alert, now, HeldCause.unpublished);
      await Promise.all([history.pause(now, PAUSE_SECONDS), budgets.refund(alert, spentAt)]);
      return;
    }
    log('INFO', 'alert sent', { ...alert });
    // A retry of the event would certainly send the alert again; a duplicate event rarely follows.
    await history.record(alert.changeId, this.#nowSeconds()).catch((error: unknown) => {
      log('WARN', 'alert sent but not recorded: a duplicate event would send it again', { error: String(error) });
    });
  }

  async #hold(alert: Alert, dueAt: number, cause: HeldCause): Promise<void> {
    await this.#parts.history.hold(alert, dueAt, cause);
    log('WARN', 'alert held back for a digest', { ...alert, cause, dueAt: new Date(dueAt * 1_000).toISOString() });
    this.#count(AlertMetrics.heldBack);
  }

  #count(metric: string): void {
    writeMetrics({ [metric]: 1 }, { [ALERT_METRIC_DIMENSION]: this.#parts.name });
  }

  #nowSeconds(): number {
    return Math.floor(this.#parts.now() / 1_000);
  }
}
