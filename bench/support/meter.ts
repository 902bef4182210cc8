import { peakKiB } from '../../test/support/peak-memory.ts';

/** The cost of a process, measured by itself. */
export interface Cost {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Peak of resident memory above that at the start of the measurement. */
  readonly rssMB: number;
}

/** Measures this process from the construction of the meter on. */
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
