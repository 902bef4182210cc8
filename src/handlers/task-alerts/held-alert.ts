import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Alert } from './classify';

/** Why an alert is not published at once. */
export const HeldCause = {
  /** The budget of its period is spent, or it has none. */
  budget: 'Budget',
  /** The topic did not accept it. */
  unpublished: 'Unpublished',
} as const;
export type HeldCause = (typeof HeldCause)[keyof typeof HeldCause];

/** What a digest says about an alert. */
export interface HeldAlert {
  readonly changeId: string;
  readonly kind: string;
  readonly cluster: string;
  readonly group: string;
  readonly title: string;
  readonly reason: string;
  readonly time: string;
  readonly region: string;
  /** Id of the task; empty for an alert of a service. */
  readonly task: string;
  readonly cause: string;
}

/** A digest shows only the first ones; the whole event is in the log of the function. */
const MAX_REASON = 300;

type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** The attributes of a held alert, beside its keys. */
export function renderHeldAlert(alert: Alert, cause: HeldCause): Record<string, AttributeValue> {
  const { kind, cluster, group, title, reason, time, region, task } = alert;
  const texts = {
    kind,
    cluster,
    group,
    title,
    reason: reason.slice(0, MAX_REASON),
    time,
    region,
    task: task?.id ?? '',
  };
  return Object.fromEntries(Object.entries({ ...texts, cause }).map(([name, text]) => [name, { S: text }]));
}

export function readHeldAlert(item: Attributes, changeId: string): HeldAlert {
  const of = (name: string) => item[name]?.S ?? '';
  return {
    changeId,
    kind: of('kind'),
    cluster: of('cluster'),
    group: of('group'),
    title: of('title'),
    reason: of('reason'),
    time: of('time'),
    region: of('region'),
    task: of('task'),
    cause: of('cause'),
  };
}
