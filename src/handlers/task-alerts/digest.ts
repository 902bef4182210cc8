import type { AlertSeverity } from '../../contract/task-alerts';
import { HeldCause, type HeldAlert } from './held-alert';

/** One message about alerts of one severity that were held back. */
export interface Digest {
  readonly severity: AlertSeverity;
  readonly alerts: number;
  /** Those of them that the topic did not accept at their time. */
  readonly unpublished: number;
  readonly first: string;
  readonly last: string;
  readonly rows: readonly DigestRow[];
  readonly changeIds: readonly string[];
}

/** The alerts of one kind and one service or family. */
export interface DigestRow {
  readonly cluster: string;
  readonly group: string;
  readonly kind: string;
  readonly alerts: number;
  readonly first: string;
  readonly last: string;
  readonly examples: readonly HeldAlert[];
}

/** A message with more rows than this is hard to read, and the size of a message is limited. */
const MAX_ROWS = 20;
const MAX_EXAMPLES = 3;

/** The digests of held alerts of one severity: one, unless there are many services and kinds. */
export function digestsOf(severity: AlertSeverity, held: readonly HeldAlert[]): Digest[] {
  const byRow = new Map<string, HeldAlert[]>();
  for (const alert of held.toSorted(byTime)) {
    const row = JSON.stringify([alert.cluster, alert.group, alert.kind]);
    const alerts = byRow.get(row);
    if (alerts) {
      alerts.push(alert);
    } else {
      byRow.set(row, [alert]);
    }
  }
  const rows = [...byRow.values()];
  return Array.from({ length: Math.ceil(rows.length / MAX_ROWS) }, (_, index) =>
    digestOf(severity, rows.slice(index * MAX_ROWS, (index + 1) * MAX_ROWS)),
  );
}

function digestOf(severity: AlertSeverity, rows: readonly HeldAlert[][]): Digest {
  const alerts = rows.flat().toSorted(byTime);
  return {
    severity,
    ...spanOf(alerts),
    unpublished: alerts.filter(({ cause }) => cause === HeldCause.unpublished).length,
    rows: rows.map((row) => {
      const [{ cluster, group, kind }] = row;
      return { cluster, group, kind, ...spanOf(row), examples: row.slice(0, MAX_EXAMPLES) };
    }),
    changeIds: alerts.map(({ changeId }) => changeId),
  };
}

const spanOf = (alerts: readonly HeldAlert[]) => ({
  alerts: alerts.length,
  first: alerts[0].time,
  last: alerts[alerts.length - 1].time,
});

/** Times have different numbers of digits after the second. */
const byTime = (one: HeldAlert, other: HeldAlert) => (Date.parse(one.time) || 0) - (Date.parse(other.time) || 0);
