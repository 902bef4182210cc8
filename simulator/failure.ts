/** What the user gave cannot be simulated; the message says what, why, and what to do. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
}
