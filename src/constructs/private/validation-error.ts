import type { IConstruct } from 'constructs';

/**
 * A wrong use of a construct, found at synth.
 *
 * The message names the prop, the rule, what came and what to do; the path says which construct. A value that is
 * made before any construct, such as a scaling choice, has no path to give.
 */
export class ValidationError extends Error {
  constructor(message: string, scope?: IConstruct) {
    super(scope === undefined ? message : `${message} [at ${scope.node.path}]`);
    this.name = 'ValidationError';
  }
}
