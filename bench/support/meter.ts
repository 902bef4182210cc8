import { peakKiB } from '../../test/support/peak-memory.ts';

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
    return {
      cpuSeconds: (user + system) / 1e6,
      wallSeconds: (performance.now() - this.#wall) / 1e3,
      rssMB: peakKiB() / 1024 - this.#idleBytes / 1024 ** 2,
    };
  }
}
