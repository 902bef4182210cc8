import { OPEN_STATUSES } from '../dispatchers';
import { safe } from '../support/printable';
import { age, table } from '../support/table';
import type { Finding } from './findings';
import { COUNTED_FILES, type Status } from './status';

const counted = (count: number) => (count > COUNTED_FILES ? `${COUNTED_FILES}+` : count);

/** A page for people: the hops, what scaled, and what is wrong. */
export function renderStatus(status: Status, findings: readonly Finding[]): string {
  return [
    safe`${status.stack}  ${status.at}`,
    section(
      'Hops 1 and 2: events of objects',
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
      'Hop 3: what waits',
      ['QUEUE', 'WAITING', 'IN WORK', 'DELAYED', 'OLDEST'],
      status.work.map(({ name, waiting, inWork, delayed }) => [
        name,
        waiting,
        inWork,
        delayed,
        age(status.oldestSeconds[name]),
      ]),
    ),
    section(
      'Hop 4: workers',
      ['WORKER', 'RUNNING', 'WANTED', 'MIN', 'MAX', 'SCALING'],
      status.workers.map(({ name, running, desired, limits }) => [
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
      ['WORKER', 'WHEN', 'WHAT', 'WHY'],
      status.workers.flatMap(({ name, activities }) =>
        activities.map(({ at, description, cause }) => [name, at, description, cause.slice(0, 120)]),
      ),
    ),
    section(
      'Hop 8: dead letters',
      ['QUEUE', 'MESSAGES', 'OLDEST'],
      status.deadLetters.map(({ name, waiting, inWork }) => [name, waiting + inWork, age(status.oldestSeconds[name])]),
    ),
    findings.length === 0
      ? 'Nothing is wrong that can be seen from here.'
      : [
          'What is wrong',
          ...findings.map(({ hop, problem, remedy }) => `  hop ${hop}: ${problem}\n    → ${remedy}`),
        ].join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const lastPart = (arn: string) => arn.split(':').at(-1) ?? arn;

function section(title: string, headers: readonly string[], rows: Parameters<typeof table>[1]): string {
  return rows.length === 0 ? '' : `${safe`${title}`}\n${table(headers, rows)}`;
}
