import { Prices } from '../report/prices.ts';
import { duration, renderColumns } from '../report/table.ts';
import type { ExportSummary } from './compare.ts';

/** A table of the options for people. */
export function renderExports(summaries: readonly ExportSummary[]): string {
  const [{ jobs, files, maxTasks }] = summaries;
  const header = [
    'option',
    'capacity',
    'first file p95',
    'wait p50',
    'p95',
    'task-hours',
    'tasks',
    'Fargate',
    'SQS',
    'killed by Spot',
    'hours lost',
    'unfinished',
  ];
  const rows = summaries.map((summary) => [
    summary.option,
    summary.spot ? 'Spot' : 'on demand',
    ...[summary.startP95Seconds, summary.waitP50Seconds, summary.waitP95Seconds].map(duration),
    summary.taskHours.toFixed(0),
    String(summary.mostTasks),
    `$${summary.fargateUsd.toFixed(0)}`,
    `$${summary.sqsUsd.toFixed(2)}`,
    String(summary.killedBySpot),
    summary.lostHours.toFixed(0),
    String(summary.jobs - summary.finished),
  ]);
  return [
    renderColumns(header, rows),
    '',
    `${jobs.toLocaleString('en')} jobs of ${files.toLocaleString('en')} files; at most ${maxTasks.toLocaleString('en')} tasks that download.`,
    "first file: from a job's arrival until its first file is begun. wait: to its end, beyond what it takes when every file is downloaded at once.",
    `Prices: Fargate in ${Prices.region}, ${Prices.asOf}; SQS without batching.`,
  ].join('\n');
}
