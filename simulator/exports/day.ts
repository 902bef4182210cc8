import { createJobs, type Job, type Workload } from '../workload.ts';

/** A day of export jobs. The decision record says how many, how long, and how high the peaks; the rest is assumed. */
export interface ExportDay {
  /** Jobs, with the seconds that the files of each take one after the other. */
  readonly workload: Workload;
  /** Reading the pages of a job and sending its files, in seconds. */
  readonly pageSeconds: number;
  /** About how long a file takes; a job has as many files as its time holds, and one at least. */
  readonly fileSeconds: number;
}

/** The record's day: 100,000 jobs, unless it is asked what another number would do. */
export const exportDay = (count = 100_000): ExportDay => ({
  workload: {
    name: 'export-jobs',
    description: 'export jobs of five minutes to three hours, with peaks of three to four times the average',
    hours: 24,
    // A 16.9 MB file of which all is wanted takes 0.46 s of CPU (npm run bench -- export), so 300 s at an assumed 2
    // MB/s take 16 s of two vCPUs.
    cpuPerJob: 0.03,
    streams: [
      {
        count,
        hourlyWeights: [1, 1, 1, 1, 1, 1, 1, 1, 3, 6, 3, 1, 1, 3, 1, 1, 1, 1, 1, 1, 5, 1, 1, 1],
        duration: { distribution: 'loguniform', fromSeconds: 300, toSeconds: 3 * 3_600 },
      },
    ],
  },
  pageSeconds: 2,
  fileSeconds: 300,
});

/** A job: `work` is the reading of its pages. */
export interface ExportJob extends Job {
  readonly files: readonly ExportFile[];
}

export interface ExportFile extends Job {
  /** Number of its job. */
  readonly job: number;
}

/** The jobs of a day in the order of their arrival; those of one seed are the same for everyone. */
export function createExportJobs({ workload, pageSeconds, fileSeconds }: ExportDay, seed: number): ExportJob[] {
  return createJobs(workload, seed).map(({ arrival, work }, job) => {
    const count = Math.max(1, Math.round(work / fileSeconds));
    return {
      arrival,
      work: pageSeconds,
      files: Array.from({ length: count }, () => ({ arrival, work: work / count, job })),
    };
  });
}
