/** What becomes of a file when the work on it is done. */
export enum FilingMode {
  /** It is moved out of `incoming/`, to `processed/` or `failed/` beside it. */
  MOVE = 'move',
  /**
   * It gets the tag `fileworks-batch` with the value `processed` or `failed`, and runs that find it skip it. Each run
   * lists and looks at all files again.
   */
  TAG = 'tag',
  /** Nothing, so that each run works on it again. */
  NONE = 'none',
}

/** What a run does that begins while another one is at work. */
export enum RunOverlap {
  /** It waits until those before it have ended. */
  WAIT = 'wait',
  /** It ends without having done anything. What it was started for is lost, unless the next run does it. */
  SKIP = 'skip',
  /** It works beside the others. Two runs of one prefix then work on the same files. */
  ALLOW = 'allow',
}
