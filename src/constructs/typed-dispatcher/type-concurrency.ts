import { checkWholeNumber } from '../private/checks';

/** How many files of a type may run at the same time. */
export class TypeConcurrency {
  /** One at a time, in order. */
  static sequential(): TypeConcurrency {
    return new TypeConcurrency(1);
  }

  /**
   * One at a time and in order for each value of a part of the key; different values in parallel.
   *
   * @param part a named part of the key patterns, for example `customer` of `{customer}/*.csv`
   */
  static sequentialPer(part: string): TypeConcurrency {
    return new TypeConcurrency(1, part);
  }

  /** All at the same time, as fast as tasks can be launched. */
  static parallel(): TypeConcurrency {
    return new TypeConcurrency(0);
  }

  /**
   * At most this many at the same time, unordered.
   *
   * @param maxConcurrentTasks maximum number of files, from 1 to 1,000
   */
  static parallelUpTo(maxConcurrentTasks: number): TypeConcurrency {
    checkWholeNumber('maxConcurrentTasks', maxConcurrentTasks, { min: 1, max: 1_000 });
    return new TypeConcurrency(maxConcurrentTasks);
  }

  /** How many files of one sequence may run at the same time; 0 means no limit. */
  readonly slots: number;

  /** The part of the key that identifies the sequence. */
  readonly part?: string;

  private constructor(slots: number, part?: string) {
    this.slots = slots;
    this.part = part;
  }
}
