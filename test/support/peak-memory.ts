import { readFileSync } from 'node:fs';

/**
 * Peak memory of this process. VmHWM where there is one: the maximum of getrusage is inherited from the
 * process that started this one.
 */
export const peakKiB = (): number => peakKiBOf('self') ?? process.resourceUsage().maxRSS;

/** Peak memory of a process so far; undefined when it has ended, and without /proc. */
export function peakKiBOf(pid: number | 'self'): number | undefined {
  try {
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return peak === null ? undefined : Number(peak[1]);
  } catch {
    return undefined;
  }
}
