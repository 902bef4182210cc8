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
  /** Its sequence is blocked until an operator redrives or skips it. */
  BLOCK = 'block',
  /** It is parked; its sequence continues. */
  PARK = 'park',
}

/** Which versions are processed of an object that is overwritten or deleted before its turn. */
export enum OverwritePolicy {
  /** The latest version: older and deleted ones are skipped. */
  LATEST = 'latest',
  /** Each version; needs a versioned bucket, otherwise older versions are lost. */
  EACH = 'each',
}

/** The order of the files of a sequence. */
export class FileOrder {
  /**
   * By the time of their events, which S3 reports in seconds. Within a second, versions of one key keep their order;
   * other files are unordered.
   */
  static byEvent(): FileOrder {
    return new FileOrder();
  }

  /**
   * By a part of the key. Numbers in it are compared as numbers: 9 precedes 10. Versions of a key keep the order in
   * which S3 stored them; of other files with the same part, any may be first. Files whose part contains other
   * characters than letters, digits and `. _ : -` go to the dead-letter queue.
   *
   * @param part a named part of the key patterns, for example `number` of `incoming/{number}.csv`
   */
  static byKeyPart(part: string): FileOrder {
    return new FileOrder(part);
  }

  /** The part of the key that sets the order. */
  readonly part?: string;

  private constructor(part?: string) {
    this.part = part;
  }
}
