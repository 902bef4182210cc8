/** What the user gave cannot be simulated; the message says what, why, and what to do. */
export class SimulatorError extends Error {
  public override readonly name = 'SimulatorError';
}
