/** What a sequential type does with a file that arrives after a later one was started. */
export enum LateFile {
  /** It runs next. */
  RUN_NEXT = 'run-next',
  /** It is parked; an operator redrives or skips it. */
  PARK = 'park',
  /** It goes to the end of the queue. */
  APPEND = 'append',
}

/** What happens when the attempts of a file are exhausted. */
export enum OnExhausted {
  /** Its sequence stands until an operator redrives or skips it. */
  BLOCK = 'block',
  /** It is put aside; its sequence goes on. */
  PARK = 'park',
}

/** Which versions of an object are processed that is overwritten or deleted before its turn. */
export enum OverwritePolicy {
  /** The latest: older ones and deleted ones are skipped. */
  LATEST = 'latest',
  /** Each; needs a bucket with versioning, or an older version's bytes are gone. */
  EACH = 'each',
}

/** The order of the files of a sequence. */
export class FileOrder {
  /**
   * By the time of their events, which S3 tells in seconds. Files of one key keep their order within a second; others
   * have none.
   */
  static byEvent(): FileOrder {
    return new FileOrder();
  }

  /**
   * By a part of the key. Numbers in it compare as numbers: 9 comes before 10. Files whose part holds anything but
   * letters, digits
   * and `. _ : -` go to the dead-letter queue.
   *
   * @param part a named part of the key patterns, for example `number` of `incoming/{number}.csv`
   */
  static byKeyPart(part: string): FileOrder {
    return new FileOrder(part);
  }

  /** The part of the key that orders. */
  readonly part?: string;

  private constructor(part?: string) {
    this.part = part;
  }
}
