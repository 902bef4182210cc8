import { readFileSync } from 'node:fs';

/** What one process measured of itself. */
export interface Cost {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Peak of resident memory above what the process had when the measuring began. */
  readonly rssMB: number;
}

/** Measures this process from the making of the meter on. */
export class Meter {
  readonly #cpu = process.cpuUsage();
  readonly #wall = performance.now();
  readonly #idleBytes = process.memoryUsage().rss;

  read(): Cost {
    const { user, system } = process.cpuUsage(this.#cpu);
    return { cpuSeconds: (user + system) / 1e6, wallSeconds: (performance.now() - this.#wall) / 1e3, rssMB: peakKiB() / 1024 - this.#idleBytes / 1024 ** 2 };
  }
}

/** VmHWM where there is one: the maximum of getrusage is inherited from the process that started this one. */
function peakKiB(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}
