import { OPEN_STATUSES } from '../dispatchers';
import { safe } from '../support/printable';
import { age, table } from '../support/table';
import type { Finding } from './findings';
import { COUNTED_FILES, type Status } from './status';

const counted = (count: number) => (count > COUNTED_FILES ? `${COUNTED_FILES}+` : count);

/** Renders the status as text: the hops, scaling activities and findings. */
export function renderStatus(status: Status, findings: readonly Finding[]): string {
  return [
    safe`${status.stack}  ${status.at}`,
    section(
      'Hops 1 and 2: object events',
      ['RULE', 'STATE', 'TARGETS'],
      status.rules
        .filter(({ buckets }) => buckets.length > 0)
        .map(({ name, enabled, targets }) => [name, enabled ? 'enabled' : 'DISABLED', targets.map(lastPart).join(' ')]),
    ),
    ...status.dispatchers.map(({ name, byType }) =>
      section(
        `Hop 2: files of ${name}`,
        ['TYPE', ...OPEN_STATUSES.map((one) => one.toUpperCase()), 'OLDEST QUEUED'],
        byType.map(({ type, files, oldestQueuedSeconds }) => [
          type,
          ...OPEN_STATUSES.map((one) => counted(files[one])),
          age(oldestQueuedSeconds),
        ]),
      ),
    ),
    section(
      'Hop 3: queues',
      ['QUEUE', 'VISIBLE', 'IN FLIGHT', 'DELAYED', 'OLDEST'],
      status.queues.map(({ name, visible, inFlight, delayed }) => [
        name,
        visible,
        inFlight,
        delayed,
        age(status.oldestSeconds[name]),
      ]),
    ),
    section(
      'Hop 4: services',
      ['SERVICE', 'RUNNING', 'DESIRED', 'MIN', 'MAX', 'SCALING'],
      status.services.map(({ name, running, desired, limits }) => [
        name,
        running,
        desired,
        limits?.min,
        limits?.max,
        limits === undefined ? 'none' : limits.suspended ? 'SUSPENDED' : 'active',
      ]),
    ),
    section(
      'Recent scaling activities',
      ['SERVICE', 'TIME', 'ACTIVITY', 'CAUSE'],
      status.services.flatMap(({ name, activities }) =>
        activities.map(({ at, description, cause }) => [name, at, description, cause.slice(0, 120)]),
      ),
    ),
    section(
      'Hops 5 and 6: unavailable dependencies',
      ['QUEUE OR TASK', 'DEPENDENCY', 'UNAVAILABLE FOR'],
      status.unavailable.map(({ dependency, seconds, ...waiting }) => [
        'queue' in waiting ? waiting.queue : waiting.task,
        dependency,
        age(seconds),
      ]),
    ),
    section(
      'Hop 8: dead-letter queues',
      ['QUEUE', 'MESSAGES', 'OLDEST'],
      status.deadLetterQueues.map(({ name, visible, inFlight }) => [
        name,
        visible + inFlight,
        age(status.oldestSeconds[name]),
      ]),
    ),
    findings.length === 0
      ? 'No problems found.'
      : ['Problems', ...findings.map(({ hop, problem, remedy }) => `  hop ${hop}: ${problem}\n    → ${remedy}`)].join(
          '\n',
        ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const lastPart = (arn: string) => arn.split(':').at(-1) ?? arn;

function section(title: string, headers: readonly string[], rows: Parameters<typeof table>[1]): string {
  return rows.length === 0 ? '' : `${safe`${title}`}\n${table(headers, rows)}`;
}
