import { S3ServiceException } from '@aws-sdk/client-s3';
import { DependencyUnavailable, PoisonMessage } from '../../../src/runtime/errors.js';
import { faultOf } from '../../../src/runtime/support/faults.js';

const s3 = (name: string, httpStatusCode?: number) =>
  new S3ServiceException({
    name,
    message: name,
    $fault: 'client',
    $metadata: httpStatusCode === undefined ? {} : { httpStatusCode },
  });
const sql = (code: string) => Object.assign(new Error('from the server'), { severity: 'ERROR', code });
const node = (code: string, fields: object = {}) =>
  Object.assign(new Error(code), { code, syscall: 'connect', ...fields });
const hostile = new Proxy(new Error('x'), {
  get() {
    throw new Error('no');
  },
});

test.each([
  ['a bucket that denies', s3('AccessDenied', 403), 'S3'],
  ['a service that throttles', s3('SlowDown', 503), 'S3'],
  ['a throttled call with status 400', s3('ThrottlingException', 400), 'S3'],
  ['a bucket that is not there', s3('NoSuchBucket', 404), 'S3'],
  ['a disabled key', s3('KMS.DisabledException', 400), 'S3'],
  ['an internal error', s3('InternalError', 500), 'S3'],
  ['expired credentials', s3('ExpiredToken', 400), 'S3'],
  ['a call without answer', s3('TimeoutError'), 'S3'],
  [
    'a connection that the SDK could not open',
    Object.assign(node('ECONNREFUSED', { address: '10.0.0.1', port: 443 }), { $metadata: { attempts: 3 } }),
    '10.0.0.1:443',
  ],
  ['no credentials', Object.assign(new Error('x'), { name: 'CredentialsProviderError' }), 'AWS credentials'],
  ['a database without connections', sql('53300'), 'database'],
  ['a locked table', sql('55P03'), 'database'],
  ['a read-only database', sql('25006'), 'database'],
  ['a wrong password', sql('28P01'), 'database'],
  ['a table that is being migrated', sql('42P01'), 'database'],
  ['a connection that ended', new Error('Connection terminated unexpectedly'), 'database'],
  ['a refused connection', node('ECONNREFUSED', { address: '127.0.0.1', port: 5432 }), '127.0.0.1:5432'],
  ['a name that is not resolved', node('ENOTFOUND', { hostname: 'api.example.com' }), 'api.example.com'],
  ['all addresses refused', new AggregateError([node('ECONNREFUSED', { address: '::1', port: 80 })], 'x'), '::1:80'],
  ['fetch', new TypeError('fetch failed', { cause: node('UND_ERR_CONNECT_TIMEOUT') }), 'network'],
  ['HTTP 429', Object.assign(new Error('x'), { status: 429 }), 'HTTP'],
  [
    'HTTP 401 of a client',
    Object.assign(new Error('x'), { config: { url: 'https://api.example.com/v1' }, response: { status: 401 } }),
    'api.example.com',
  ],
  ['the cause of another error', new Error('could not store', { cause: s3('AccessDenied', 403) }), 'S3'],
  ['DependencyUnavailable', new DependencyUnavailable('billing'), 'billing'],
])('%s is the fault of the world', (_, error, dependency) => {
  expect(faultOf(error)).toEqual({ kind: 'world', dependency });
});

test('the time that a dependency asked to wait is kept', () => {
  expect(faultOf(new DependencyUnavailable('billing', { retryAfterSeconds: 121 }))).toEqual({
    kind: 'world',
    dependency: 'billing',
    retryAfterSeconds: 121,
  });
});

test.each([
  ['an object that is gone', s3('NoSuchKey', 404)],
  ['a wrong value', sql('22P02')],
  ['a violated constraint', sql('23505')],
  ['a trigger', sql('P0001')],
  ['a poison message', new PoisonMessage('x')],
  ['a poison message whose cause is the world', new PoisonMessage('x', { cause: s3('AccessDenied', 403) })],
])('%s is the fault of the item', (_, error) => {
  expect(faultOf(error)).toEqual({ kind: 'item' });
});

const circle = new Error('circle');
circle.cause = circle;
test.each([
  ['an ordinary error', new TypeError('x is not a function')],
  ['a failed condition', s3('ConditionalCheckFailedException', 400)],
  ['an item collection that is too large', s3('ItemCollectionSizeLimitExceededException', 400)],
  ['a deadlock', sql('40P01')],
  ['HTTP 404', Object.assign(new Error('x'), { status: 404 })],
  ['a broken pipe to a child process', node('EPIPE', { syscall: 'write' })],
  ['a missing file', node('ENOENT', { syscall: 'open' })],
  ['nothing', undefined],
  ['null', null],
  ['a text', 'ECONNREFUSED'],
  ['a circle of causes', circle],
  ['an error whose properties throw', hostile],
])('whose fault %s is, is unknown', (_, error) => {
  expect(faultOf(error)).toEqual({ kind: 'unknown' });
});

test.each([
  ['an empty name', () => new DependencyUnavailable(' ')],
  ['a long name', () => new DependencyUnavailable('x'.repeat(101))],
])('DependencyUnavailable refuses %s', (_, make) => {
  expect(make).toThrow(/`dependency` of DependencyUnavailable/);
});

test.each([
  [-1, 0],
  [3_600, 900],
  [Number.POSITIVE_INFINITY, 900],
  [Number.NaN, undefined],
])('DependencyUnavailable takes %p seconds for %p', (retryAfterSeconds, expected) => {
  expect(new DependencyUnavailable('x', { retryAfterSeconds }).retryAfterSeconds).toBe(expected);
});
