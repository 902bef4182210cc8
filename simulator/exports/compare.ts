import type { Parameters } from '../parameters.ts';
import { costOf, Prices } from '../report/prices.ts';
import { percentile } from '../report/summary.ts';
import type { ExportDay } from './day.ts';
import { options, type ExportOption } from './options.ts';
import { Site } from './site.ts';
import type { ExportStacks } from './stacks.ts';

/** What all options have in common. */
export interface ExportConditions {
  readonly day: ExportDay;
  /** The most tasks of whatever downloads. */
  readonly maxTasks: number;
  /** Files that a task downloads at the same time. */
  readonly downloads: number;
  readonly seed: number;
  readonly parameters: Parameters;
}

/** The figures of one option, as `--json` writes them. */
export interface ExportSummary {
  readonly option: string;
  readonly spot: boolean;
  readonly seed: number;
  readonly maxTasks: number;
  readonly jobs: number;
  readonly finished: number;
  readonly files: number;
  readonly deadLetters: number;
  /** From a job's arrival until its first file is begun. */
  readonly startP95Seconds: number;
  /** From a job's arrival to its end, beyond what it takes when every file is downloaded at once. */
  readonly waitP50Seconds: number;
  readonly waitP95Seconds: number;
  readonly taskHours: number;
  readonly mostTasks: number;
  readonly fargateUsd: number;
  readonly sqsUsd: number;
  /** Messages that a task was working on when it was killed: jobs or files. */
  readonly killedByScaleIn: number;
  readonly killedBySpot: number;
  /** Hours that tasks had had those for. */
  readonly lostHours: number;
}

/** What `ExportOrchestrator` has for its worker. */
const size = { cpu: 2_048, memoryLimitMiB: 4_096 };

/** Plays the day with every option, on demand and on Spot. */
export function compareExports(stacks: ExportStacks, conditions: ExportConditions): ExportSummary[] {
  return options.flatMap((option) => [false, true].map((spot) => playOption(option, spot, stacks, conditions)));
}

export function playOption(
  option: ExportOption,
  spot: boolean,
  stacks: ExportStacks,
  conditions: ExportConditions,
): ExportSummary {
  const { maxTasks, downloads, seed } = conditions;
  const site = new Site(
    stacks[option.stack],
    { ...size, maxTasks, slots: option.jobsAtOnce ?? downloads, spot },
    conditions,
  );
  const { jobs, results } = site.play(option.deploy(site, downloads));
  const sum = (value: (result: (typeof results)[number]) => number) =>
    results.reduce((all, result) => all + value(result), 0);
  const waits = Float64Array.from(site.ledger.waits).sort();
  const starts = Float64Array.from(site.ledger.starts).sort();
  return {
    option: option.name,
    spot,
    seed,
    maxTasks,
    jobs: jobs.length,
    finished: waits.length,
    files: jobs.reduce((all, { files }) => all + files.length, 0),
    deadLetters: sum(({ deadLetters }) => deadLetters),
    startP95Seconds: percentile(starts, 0.95),
    waitP50Seconds: percentile(waits, 0.5),
    waitP95Seconds: percentile(waits, 0.95),
    taskHours: sum(({ billed }) => billed.spotSeconds + billed.onDemandSeconds) / 3_600,
    mostTasks: sum(({ minutes }) => minutes.reduce((most, { running }) => Math.max(most, running), 0)),
    fargateUsd: sum(({ worker, billed }) => costOf(worker, billed)),
    sqsUsd: sum(({ requests }) => requests) * Prices.sqsRequest,
    killedByScaleIn: sum(({ killed }) => killed.scaleIn),
    killedBySpot: sum(({ killed }) => killed.spot),
    lostHours: sum(({ lostSeconds }) => lostSeconds) / 3_600,
  };
}
