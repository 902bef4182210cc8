import { readFileSync } from 'node:fs';

/** The most memory that this process had. VmHWM where there is one: the maximum of getrusage is inherited from the process that started this one. */
export function peakKiB(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}
