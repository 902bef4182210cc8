import { matcher } from '../../src/rerun/filter';
import { readDeadLetterMessage } from '../../src/rerun/message';

const messageOf = (body: unknown, attributes: Record<string, string> = {}) =>
  readDeadLetterMessage({
    MessageId: 'm-1',
    ReceiptHandle: 'r-1',
    Body: typeof body === 'string' ? body : JSON.stringify(body),
    Attributes: { SentTimestamp: '1000', ApproximateReceiveCount: '2' },
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
    ),
  });

describe('the subject of a message', () => {
  test.each<[string, unknown, object]>([
    [
      'an S3 event from EventBridge',
      { id: 'e-1', detail: { bucket: { name: 'b' }, object: { key: 'a b+c.zip' } } },
      { bucket: 'b', key: 'a b+c.zip', correlationId: 'e-1' },
    ],
    [
      'an S3 notification',
      { Records: [{ s3: { bucket: { name: 'b' }, object: { key: 'a+b%2Bc.zip' } } }] },
      { bucket: 'b', key: 'a b+c.zip' },
    ],
    [
      'a job',
      { fileworksJob: 1, type: 't', correlationId: 'c-1', object: { bucket: 'b', key: 'k' } },
      { bucket: 'b', key: 'k', correlationId: 'c-1' },
    ],
    [
      'a continuation of a job',
      {
        fileworksContinuation: 1,
        correlationId: 'c-1',
        body: JSON.stringify({ detail: { bucket: { name: 'b' }, object: { key: 'k' } } }),
        state: {},
        generation: 1,
      },
      { bucket: 'b', key: 'k', correlationId: 'c-1' },
    ],
    ['a key with an invalid percent sign', { Records: [{ s3: { object: { key: '100%' } } }] }, { key: '100%' }],
  ])('is read from %s', (_, body, subject) => {
    expect(messageOf(body)).toMatchObject({ id: 'm-1', failedAt: new Date(1_000), receives: 2, ...subject });
  });

  test.each<[string, unknown]>([
    ['text', 'hello'],
    ['a number', 5],
    ['null', null],
    ['lists', [[]]],
    ['a key that is not a string', { detail: { object: { key: { a: 1 } } } }],
    ['no records', { Records: [] }],
    ['a null record', { Records: [null] }],
    [
      'deeply nested bodies',
      {
        fileworksContinuation: 1,
        body: '{"fileworksContinuation":1,"body":"{\\"fileworksContinuation\\":1,\\"body\\":\\"x\\"}"}',
      },
    ],
  ])('is unknown for %s', (_, body) => {
    const message = messageOf(body);
    expect(message.key).toBeUndefined();
    expect(message.bucket).toBeUndefined();
  });

  test('has a reason from attributes: of a worker, or of EventBridge', () => {
    expect(messageOf({}, { 'fileworks-poison-reason': 'no object', ERROR_CODE: 'X' }).reason).toBe('no object');
    expect(messageOf({}, { ERROR_CODE: 'NO_PERMISSIONS', ERROR_MESSAGE: 'Lack of permissions' }).reason).toBe(
      'NO_PERMISSIONS: Lack of permissions',
    );
  });
});

describe('a filter', () => {
  const message = messageOf(
    { id: 'c-1', detail: { bucket: { name: 'b' }, object: { key: 'in/a(1).zip' } } },
    { 'fileworks-poison-reason': 'the file is empty' },
  );

  test.each<[boolean, object]>([
    [true, {}],
    [true, { key: 'in/*.zip' }],
    [true, { key: 'in/a(1).zip' }],
    [false, { key: 'in/' }],
    [false, { key: 'in/a.1..zip' }],
    [true, { key: '**' }],
    [true, { reason: 'is empty' }],
    [false, { reason: 'full' }],
    [true, { correlationId: 'c-1' }],
    [false, { correlationId: 'c-2' }],
    [true, { id: 'm-1' }],
    [false, { id: 'm-2' }],
    [true, { failedBefore: new Date(1_001) }],
    [false, { failedBefore: new Date(1_000) }],
    [true, { failedAfter: new Date(999) }],
    [false, { failedAfter: new Date(1_000) }],
    [false, { key: 'in/*', reason: 'full' }],
  ])('returns %s for %j', (expected, filter) => {
    expect(matcher(filter)(message)).toBe(expected);
  });

  test('by key excludes messages without a key', () => {
    expect(matcher({ key: '*' })(messageOf('x'))).toBe(false);
  });
});
