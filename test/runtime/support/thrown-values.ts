const refuse = (): never => {
  throw new Error('gotcha');
};

/** What a handler can throw, by name: each is a failed job, like any error. */
export const THROWN: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['a text', () => 'no luck'],
  ['a symbol', () => Symbol('odd')],
  ['an object without a prototype', () => Object.create(null) as object],
  ['an error with a message that throws', () => Object.defineProperty(new Error('x'), 'message', { get: refuse })],
  [
    'an error with a cause that throws',
    () =>
      new Error('x', {
        cause: {
          get message() {
            return refuse();
          },
        },
      }),
  ],
  [
    'an object with a code that throws',
    () => ({
      get code() {
        return refuse();
      },
    }),
  ],
  ['an object whose toString throws', () => ({ toString: refuse })],
  ['a function whose toString throws', () => Object.assign(() => undefined, { toString: refuse })],
  [
    'an object with a message that is no text',
    () => ({ code: 'ERR_POISON_MESSAGE', message: Symbol('odd'), toString: refuse }),
  ],
  [
    'a proxy that throws',
    () => new Proxy(new Error('x'), { get: refuse, has: refuse, getPrototypeOf: refuse, ownKeys: refuse }),
  ],
  [
    'a revoked proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  ],
  ['a frozen error', () => Object.freeze(new Error('frozen'))],
  [
    'an error that is its own cause',
    () => {
      const error: Error & { cause?: unknown } = new Error('x');
      error.cause = error;
      return error;
    },
  ],
];
