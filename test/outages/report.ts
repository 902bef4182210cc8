// The page about the matrix, from what was measured.
import { DURATIONS, type DurationName } from './cells.ts';
import { reasonOf } from './expected-failures.ts';
import { alarmIsDue, findings, maxCallsOf, type Measured } from './measured.ts';
import type { Result } from './results.ts';

const INTRODUCTION = `# Reliability

What happens when a dependency fails, as measured on the [local cloud](https://github.com/fileworks/cdk-fileworks/blob/main/local/README.md) by \`npm run outages\`, with the deployed constructs, real worker processes and a clock that is faster than real time.
In each row, ten jobs arrive before, during and at the end of the outage. [Whose fault a failure is](runtime/failures.md) describes the behavior.

The promise of each row: no job is lost or done twice, no message reaches a dead-letter queue, and no operator is needed. If the outage lasts for ten minutes or more, an alarm is in ALARM within 8 minutes of its beginning and OK within 5 minutes
of its end. Jobs are done within 2 minutes of its end. A task calls the dependency at most once in 10 seconds.

Runs of scheduled jobs are those of schedules for once, with the target of the construct's own. A rotated secret is one that changes while the API does not answer, and the program reads it again when the API refuses the old one.

Alerts that could not be sent at once are in a digest. Of functions, calls are invocations.

Known to break the promise, and not in the tables: a dependency of the dispatcher's tasks, its queue, launches that ECS refuses it, and Step Functions that starts no execution of an object task, scheduled job or batch. Nothing is lost, but no alarm comes
within 8 minutes, and files of the dispatcher can wait for 15 minutes after the end.

Only durations with a table below were played. For the cells of SQS, \`alarmNotStartingFor\` is five minutes; its default is ten.

Times are those of the clock, in seconds after the beginning (ALARM) or the end (OK, work) of the outage. Calls are runs of handlers during the outage, beyond one for each job that waits, and the most that the promise allows.
`;

const TITLES: Readonly<Record<DurationName, string>> = {
  '30s': '30 seconds',
  '10min': '10 minutes',
  '1h': '1 hour',
  '6h': '6 hours',
  '13h': '13 hours',
};

export function report(results: readonly Result[]): string {
  const tables = (Object.keys(DURATIONS) as DurationName[]).flatMap((duration) => {
    const rows = results.filter((result) => result.duration === duration);
    return rows.length === 0 ? [] : [tableOf(duration, rows)];
  });
  return [INTRODUCTION, ...tables].join('\n');
}

function tableOf(duration: DurationName, rows: readonly Result[]): string {
  const header = [
    ...['Construct', 'Dependency', 'Form', 'Lost', 'Done twice', 'Dead-letter messages'],
    ...['ALARM', 'OK', 'Work', 'Calls', 'Kept'],
  ];
  const lines = [header, header.map(() => '---'), ...rows.map(({ measured }) => rowOf(duration, measured))];
  return `## ${TITLES[duration]}\n\n${lines.map((columns) => `| ${columns.join(' | ')} |`).join('\n')}\n`;
}

function rowOf(duration: DurationName, measured: Measured): string[] {
  const { cell, lost, doubled, deadLetters, alarmAfterSeconds, okAfterSeconds, workAfterSeconds, calls } = measured;
  const isDue = alarmIsDue(measured);
  const time = (seconds: number | undefined) => (seconds === undefined ? 'never' : `${seconds} s`);
  return [
    ...[cell.construct, cell.dependency, cell.form],
    ...[lost, doubled, deadLetters].map(String),
    ...[isDue ? time(alarmAfterSeconds) : '–', isDue ? time(okAfterSeconds) : '–', time(workAfterSeconds)],
    `${calls} of ${maxCallsOf(measured)}`,
    findings(measured).length === 0 ? 'yes' : `no: ${reasonOf(cell, duration) ?? findings(measured).join('; ')}`,
  ];
}
