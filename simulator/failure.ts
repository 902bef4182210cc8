/** An input that cannot be simulated; the message names the input, the reason and the remedy. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
}
