import { readFileSync } from 'node:fs';

/**
 * The most memory that this process had. VmHWM where there is one: the maximum of getrusage is inherited from the
 * process that started this one.
 */
export const peakKiB = (): number => peakKiBOf('self') ?? process.resourceUsage().maxRSS;

/** The most memory that a process has had so far; undefined when it has ended, and where there is no /proc. */
export function peakKiBOf(pid: number | 'self'): number | undefined {
  try {
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return peak === null ? undefined : Number(peak[1]);
  } catch {
    return undefined;
  }
}
