import { Meter, type Cost } from '../support/meter.ts';
import type { Run } from './run.ts';

/** What this process, a worker, is to do. */
export const run = JSON.parse(process.argv[2] ?? '') as Run;

/** Counts files until the last one, and then says what they cost. */
export class Progress {
  readonly #meter = new Meter();
  #done = 0;

  /** @returns whether it was the last */
  add(): boolean {
    this.#done += 1;
    if (this.#done < run.files) {
      return false;
    }
    console.log(JSON.stringify(this.#meter.read() satisfies Cost));
    return true;
  }
}
