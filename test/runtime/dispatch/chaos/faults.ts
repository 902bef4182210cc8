/** Probabilities of what goes wrong, and how long things take, in milliseconds of real time. */
export interface Faults {
  /** A dispatcher dies before one of its calls. */
  readonly crash: number;
  /** A message is delivered again. */
  readonly duplicate: number;
  /** A wake-up is lost. */
  readonly lostHint: number;
  /** A container is killed while it works. */
  readonly kill: number;
  /** The event of a container's end is lost. */
  readonly lostStopped: number;
  readonly refused: number;
  /** The reply to a launch is lost; half of them have started a task. */
  readonly unknown: number;
  /** The handler fails. */
  readonly fail: number;
  /** The container goes silent and works on. */
  readonly hang: number;
  /** The host forgets a stopped task and its token at once. */
  readonly forget: number;
  /** A dispatcher stands still between two calls for `pauseMs`. */
  readonly pause: number;
  readonly pauseMs: number;
  readonly workMs: number;
}

export const faults: Faults = {
  crash: 0.02,
  duplicate: 0.15,
  lostHint: 0.2,
  kill: 0.1,
  lostStopped: 0.3,
  refused: 0.08,
  unknown: 0.1,
  fail: 0.15,
  hang: 0.08,
  forget: 0.1,
  pause: 0.01,
  pauseMs: 60,
  // Long enough that an early call overlaps with another one
  workMs: 25,
};
