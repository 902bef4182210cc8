import { Session } from 'node:inspector/promises';

/** Detects inputs with new coverage, by the block coverage of V8: no native addon, so it runs on every machine. */
export class Coverage {
  readonly #session = new Session();
  readonly #script: string;
  readonly #seen = new Set<string>();

  private constructor(script: string) {
    this.#script = script;
  }

  /** @param script the end of the URL of the one script that is looked at */
  static async start(script: string): Promise<Coverage> {
    const coverage = new Coverage(script);
    coverage.#session.connect();
    await coverage.#session.post('Profiler.enable');
    await coverage.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    return coverage;
  }

  /** Blocks and how often they ran, by powers of two, that were ever seen. */
  get features(): number {
    return this.#seen.size;
  }

  /** How many new ones there were since the last call. */
  async fresh(): Promise<number> {
    const before = this.#seen.size;
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    for (const { functions } of result.filter(({ url }) => url.endsWith(this.#script))) {
      for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges)) {
        if (count > 0) {
          this.#seen.add(`${startOffset}-${endOffset}:${Math.floor(Math.log2(count))}`);
        }
      }
    }
    return this.#seen.size - before;
  }
}
