/**
 * Random numbers that are the same in every run with the same seed.
 *
 * Each subject draws from a stream of its own, so that two policies under comparison get the same jobs, task start
 * times
 * and reclaims in the same order, however differently they behave.
 *
 * The generator is mulberry32: 32 bits of state are plenty for a few million draws.
 */
export class Random {
  #state: number;

  constructor(seed: number, stream = '') {
    this.#state = hash(`${String(seed)}/${stream}`);
  }

  /** Evenly between 0, included, and 1, excluded. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** A whole number from 0 to `count - 1`. */
  index(count: number): number {
    return Math.floor(this.next() * count);
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** Log-normal, defined by its median and its 95th percentile. */
  lognormal(median: number, p95: number): number {
    const sigma = Math.log(p95 / median) / 1.6449;
    const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
    return median * Math.exp(sigma * normal);
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  return value;
}
