import type { Duration, Workload } from './workload.ts';

const smallFile: Duration = { distribution: 'lognormal', medianSeconds: 1.5, p95Seconds: 6 };
const burstFile: Duration = { distribution: 'lognormal', medianSeconds: 15, p95Seconds: 60 };

/** The built-in workloads; a JSON file of the same shape defines another one. */
export const workloads: readonly Workload[] = [
  {
    name: 'small-files',
    description: '100,000 small files in a day, with peaks of three to five times the quiet hours',
    hours: 24,
    cpuPerJob: 0.2,
    streams: [
      {
        count: 100_000,
        hourlyWeights: [1, 1, 1, 1, 1, 1, 1, 1, 3, 5, 3, 1, 1, 3, 4, 1, 1, 1, 1, 1, 1, 5, 1, 1],
        duration: smallFile,
      },
    ],
  },
  {
    name: 'long-jobs',
    description: '2,000 jobs of five minutes to three hours, most of them in office hours',
    hours: 24,
    cpuPerJob: 0.7,
    streams: [
      {
        count: 2_000,
        hourlyWeights: [1, 1, 1, 1, 1, 1, 2, 3, 5, 5, 5, 4, 3, 4, 5, 5, 4, 3, 2, 2, 1, 1, 1, 1],
        duration: { distribution: 'loguniform', fromSeconds: 300, toSeconds: 3 * 3_600 },
      },
    ],
  },
  {
    name: 'bursts',
    description:
      "nothing for hours, then hundreds of files within minutes; twice after the queue's metrics have become inactive",
    hours: 24,
    cpuPerJob: 0.7,
    streams: [
      { count: 400, atHour: 7.5, overMinutes: 2, duration: burstFile },
      { count: 600, atHour: 9, overMinutes: 5, duration: burstFile },
      { count: 60, atHour: 11.2, overMinutes: 1, duration: burstFile },
      { count: 1_000, atHour: 13, overMinutes: 5, duration: burstFile },
      { count: 1, atHour: 14.5, overMinutes: 1, duration: burstFile },
      { count: 400, atHour: 22, overMinutes: 2, duration: burstFile },
    ],
  },
];
