import { Prices } from './prices.ts';
import type { Summary } from './summary.ts';

/** A table for people, with right-aligned figures. */
export function renderTable(summaries: readonly Summary[]): string {
  const header = [
    'workload',
    'template',
    'wait p50',
    'p95',
    'p99',
    'task-hours',
    'per job',
    'cost',
    'tasks',
    'killed by scale-in',
    'by Spot',
    'dead-lettered',
    'unfinished',
  ];
  const rows = summaries.map((summary) => [
    summary.workload,
    summary.template,
    ...[summary.waitP50Seconds, summary.waitP95Seconds, summary.waitP99Seconds].map(duration),
    summary.taskHours.toFixed(1),
    summary.taskHoursPerJob.toPrecision(3),
    `$${summary.costUsd.toFixed(2)}`,
    String(summary.mostTasks),
    ...[summary.killedByScaleIn, summary.killedBySpot, summary.deadLetters, summary.unfinished].map(String),
  ]);
  return `${renderColumns(header, rows)}\n\nwait: from arrival to end, less the work itself. Prices: Fargate in ${Prices.region}, ${Prices.asOf}.`;
}

/** Aligns the first two columns to the left and the figures to the right. */
function renderColumns(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column].length)));
  const lines = [header, widths.map((width) => '─'.repeat(width)), ...rows];
  return lines
    .map((row) =>
      row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  '),
    )
    .join('\n');
}

function duration(seconds: number): string {
  if (seconds < 120) {
    return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  }
  if (seconds < 7_200) {
    return `${(seconds / 60).toFixed(1)} min`;
  }
  return `${(seconds / 3_600).toFixed(1)} h`;
}
