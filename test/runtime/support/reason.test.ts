import { reasonOf } from '../../../src/runtime/support/reason.js';

const database = Object.assign(new Error('invalid input syntax for type integer: "4111 1111 1111 1111"'), {
  severity: 'ERROR',
  code: '22P02',
  table: 'payments',
  column: 'amount',
  detail: 'Key (card)=(4111) already exists.',
});
const hostile = new Proxy(new Error('x'), {
  get() {
    throw new Error('no');
  },
});

test.each([
  ['an error', new Error('never'), 'never'],
  ['an error with a name', new TypeError('x is not a function'), 'TypeError: x is not a function'],
  ['an error of a database', database, 'SQLSTATE 22P02, table payments, column amount'],
  [
    'a signed URL',
    new Error('GET https://bucket.s3.amazonaws.com/a.zip?X-Amz-Signature=abc&X-Amz-Credential=x failed'),
    'GET https://bucket.s3.amazonaws.com/a.zip?… failed',
  ],
  [
    'a password in a URL',
    new Error('cannot reach postgres://app:s3cret@db:5432/x'),
    'cannot reach postgres://db:5432/x',
  ],
  [
    'a password and a query',
    new Error('cannot reach postgres://app:s3cret@db/x?sslpassword=y now'),
    'cannot reach postgres://db/x?… now',
  ],
  ['quoted content', new Error('Unexpected token in JSON: "{\\"card\\":4111}"'), 'Unexpected token in JSON: "…"'],
  ['single quotes', new Error("can't take '4111'"), "can't take '…'"],
  ['a text', 'secret', 'string thrown'],
  ['nothing', undefined, 'undefined thrown'],
  ['an error that cannot be read', hostile, 'error that cannot be read'],
  ['a long message', new Error('x'.repeat(2_000)), 'x'.repeat(500)],
])('the reason of %s has no data', (_, error, reason) => {
  expect(reasonOf(error)).toBe(reason);
});
