import { Meter, type Cost } from '../support/meter.ts';
import type { Run } from './run.ts';

/** The work of this process. */
export const run = JSON.parse(process.argv[2] ?? '') as Run;

/** Counts files; at the last one prints what they cost. */
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
