import type { IConstruct } from 'constructs';

/**
 * An incorrect use of a construct, detected at synth.
 *
 * The message contains the prop, the rule, the value and the remedy; the path identifies the construct. A value that is
 * created before any construct, such as a scaling choice, has no path.
 */
export class ValidationError extends Error {
  constructor(message: string, scope?: IConstruct) {
    super(scope === undefined ? message : `${message} [at ${scope.node.path}]`);
    this.name = 'ValidationError';
  }
}
