/** What happens to a file after it was processed. */
export enum FilingMode {
  /** It is moved from `incoming/` to `processed/` or `failed/` next to it. */
  MOVE = 'move',
  /**
   * It gets the tag `fileworks-batch` with the value `processed` or `failed`, and later runs skip it. Each run lists
   * and checks all files again.
   */
  TAG = 'tag',
  /** Nothing: each run processes it again. */
  NONE = 'none',
}

/** What a run does that starts while another one is running. */
export enum RunOverlap {
  /** It waits until all earlier runs have ended. */
  WAIT = 'wait',
  /** It ends without processing. Its files are left to the next run. */
  SKIP = 'skip',
  /** It runs concurrently. Two runs of one prefix then process the same files. */
  ALLOW = 'allow',
}
