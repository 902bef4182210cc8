import { checkWholeNumber } from '../private/checks';

/** How many files of a type may work at the same time. */
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

  /** All at once, as fast as tasks can be launched. */
  static parallel(): TypeConcurrency {
    return new TypeConcurrency(0);
  }

  /**
   * At most so many at the same time, in no order.
   *
   * @param maxConcurrentTasks from 1 to 1,000
   */
  static parallelUpTo(maxConcurrentTasks: number): TypeConcurrency {
    checkWholeNumber('maxConcurrentTasks', maxConcurrentTasks, { min: 1, max: 1_000 });
    return new TypeConcurrency(maxConcurrentTasks);
  }

  /** Files that may work at the same time in one sequence; 0 means without limit. */
  readonly slots: number;

  /** The part of the key that makes sequences. */
  readonly part?: string;

  private constructor(slots: number, part?: string) {
    this.slots = slots;
    this.part = part;
  }
}
