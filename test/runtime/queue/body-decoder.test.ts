import { z } from 'zod';
import { decodeBody, type DecodedBody, validateBody } from '../../../src/runtime/queue/body-decoder.js';
import { objectCreatedEvent } from '../../../src/runtime/testing/index.js';

const decode = (body: unknown, acceptUnknown = false): DecodedBody => decodeBody(JSON.stringify(body), acceptUnknown);

const notification = (key: string) => ({
  Records: [
    {
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      s3: { bucket: { name: 'inbox' }, object: { key, size: 3, eTag: 'e', versionId: 'v', sequencer: '0A' } },
    },
  ],
});
const sns = (message: unknown) => ({
  Type: 'Notification',
  TopicArn: 'arn:aws:sns:eu-west-1:111122223333:t',
  Message: JSON.stringify(message),
});

describe('S3 events from EventBridge', () => {
  it('take the key as it is and the id of the event as correlation id', () => {
    const decoded = decode(
      objectCreatedEvent({ bucket: 'inbox', key: 'a+b%20c/ü.zip', size: 3, versionId: 'v', id: 'event-1' }),
    );
    expect(decoded).toMatchObject({ kind: 'object-event', type: 'Object Created', correlationId: 'event-1' });
    expect(decoded.objects).toEqual([
      expect.objectContaining({ bucket: 'inbox', key: 'a+b%20c/ü.zip', size: 3, versionId: 'v', reason: 'PutObject' }),
    ]);
  });

  it('are the same when a route made them compact', () => {
    const {
      id,
      time,
      source,
      'detail-type': type,
      detail: { bucket, object },
    } = objectCreatedEvent({ bucket: 'inbox', key: 'a', size: 3, id: 'event-1' });
    const { objects, correlationId } = decode({ id, time, source, 'detail-type': type, detail: { bucket, object } });
    expect(correlationId).toBe('event-1');
    expect(objects).toEqual([expect.objectContaining({ bucket: 'inbox', key: 'a', size: 3 })]);
  });
});

describe('S3 notifications', () => {
  it.each([
    ['a+b%2Bc/%C3%BC.zip', 'a b+c/ü.zip'],
    ['plain.zip', 'plain.zip'],
    ['%E2%82%AC+100%25', '€ 100%'],
  ])('decode the key %s to %s', (encoded, key) => {
    expect(decode(notification(encoded)).objects).toEqual([
      { bucket: 'inbox', key, size: 3, etag: 'e', versionId: 'v', sequencer: '0A', reason: 'ObjectCreated:Put' },
    ]);
  });

  it('may name several objects', () => {
    const two = { Records: [...notification('a').Records, ...notification('b').Records] };
    expect(decode(two).objects.map(({ key }) => key)).toEqual(['a', 'b']);
  });

  it('are no job when they are the test event of S3', () => {
    expect(decode({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'inbox' }).kind).toBe('test-event');
  });
});

describe('envelopes', () => {
  it.each([
    ['an S3 notification', notification('a')],
    ['an S3 event', objectCreatedEvent({ key: 'a' })],
    ['a job message', { fileworksJob: 1, type: 't', object: { bucket: 'inbox', key: 'a' } }],
  ])('of SNS are opened around %s', (_, inner) => {
    expect(decode(sns(inner)).objects[0]?.key).toBe('a');
  });

  it('of SNS hand their attributes on, as raw delivery would', () => {
    const MessageAttributes = {
      tenant: { Type: 'String', Value: 'acme' },
      sizes: { Type: 'String.Array', Value: '[1,2]' },
      digest: { Type: 'Binary', Value: 'AQID' },
      ['__proto__']: { Type: 'String', Value: 'x' },
      odd: { Type: 'String', Value: 7 },
      odder: null,
    };
    const { attributes = {} } = decode({ ...sns(objectCreatedEvent({ key: 'a' })), MessageAttributes });
    expect(Object.getOwnPropertyNames(attributes).sort()).toEqual(['__proto__', 'digest', 'sizes', 'tenant']);
    expect(attributes.tenant).toEqual({ DataType: 'String', StringValue: 'acme' });
    expect(attributes.sizes).toEqual({ DataType: 'String.Array', StringValue: '[1,2]' });
    expect(attributes.digest).toEqual({ DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2, 3) });
  });

  it.each([undefined, null, 'x', [], 7])('of SNS may have %j for their attributes', (MessageAttributes) => {
    expect(decode({ ...sns(objectCreatedEvent({ key: 'a' })), MessageAttributes }).attributes).toEqual({});
  });

  it('keep the body, the correlation id and the state of a job that was handed off', () => {
    const body = JSON.stringify(objectCreatedEvent({ key: 'a', id: 'event-1' }));
    const decoded = decode({
      fileworksContinuation: 1,
      correlationId: 'first',
      body,
      state: { page: 2 },
      generation: 3,
    });
    expect(decoded).toMatchObject({
      kind: 'object-event',
      correlationId: 'first',
      continuation: { state: { page: 2 }, generation: 3, firstBody: body },
    });
  });
});

describe('bodies of the application', () => {
  it('need a schema', () => {
    expect(() => decode({ order: 1 })).toThrow(
      'body is not an S3 event, S3 notification, SNS envelope or job message, and no schema was given: an object with order',
    );
    expect(decode({ order: 1 }, true)).toEqual({ kind: 'custom', body: { order: 1 }, objects: [] });
  });

  it('may be events, whose detail is the body', () => {
    const event = { id: 'e', 'detail-type': 'Order', source: 'shop', detail: { order: 1 } };
    expect(decode(event, true)).toMatchObject({ kind: 'event', type: 'Order', body: { order: 1 }, correlationId: 'e' });
    expect(() => decode(event)).toThrow('body is an event "Order" of shop, and no schema was given for its detail');
  });

  it('are typed by any Standard Schema, here zod', async () => {
    const schema = z.object({ order: z.coerce.number() });
    await expect(validateBody(schema, { order: '7' })).resolves.toEqual({ order: 7 });
    await expect(validateBody(schema, { order: {} })).rejects.toMatchObject({
      code: 'ERR_POISON_MESSAGE',
      message: expect.stringContaining('order: ') as string,
    });
  });
});

describe('hostile bodies', () => {
  const nested = Array.from({ length: 6 }).reduce<unknown>((inner) => sns(inner), notification('a'));

  it.each<[string, unknown, string]>([
    [
      'no key',
      { Records: [{ s3: { bucket: { name: 'b' }, object: {} } }] },
      'Records[0].s3 has no bucket or no object key',
    ],
    [
      'an empty bucket',
      { ...objectCreatedEvent({ key: 'a', bucket: '' }) },
      'detail has no bucket name or no object key',
    ],
    ['a negative size', objectCreatedEvent({ key: 'a', size: -1 }), 'detail has a size that is no number of bytes'],
    [
      'a size of deep brackets',
      `{"fileworksJob":1,"type":"t","object":{"bucket":"b","key":"k","size":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
      'object has a size',
    ],
    [
      'a key that S3 cannot have',
      objectCreatedEvent({ key: 'ü'.repeat(513) }),
      'detail has a bucket name or an object key that is longer than S3 allows',
    ],
    [
      'a bucket that S3 cannot have',
      objectCreatedEvent({ bucket: 'b'.repeat(256), key: 'k' }),
      'longer than S3 allows',
    ],
    [
      'an endless correlation id',
      { fileworksJob: 1, type: 't', correlationId: 'x'.repeat(257) },
      'correlationId is no text of 1 to 256 characters',
    ],
    [
      'an empty correlation id',
      { fileworksJob: 1, type: 't', correlationId: '' },
      'correlationId is no text of 1 to 256 characters',
    ],
    [
      'a correlation id that no attribute can hold',
      { fileworksJob: 1, type: 't', correlationId: 'a\u0000b' },
      'without control characters',
    ],
    [
      'an object that is none',
      { fileworksJob: 1, type: 't', object: null },
      'body is a job message whose object is no object',
    ],
    ['a key that is not URL-encoded', notification('%zz'), 'key of Records[0] is not URL-encoded'],
    ['endless envelopes', nested, 'body is nested more than 4 envelopes deep'],
    [
      'a job of the future',
      { fileworksJob: 2, type: 't' },
      'body is a job message of version 2; this worker reads version 1',
    ],
    ['a job without a type', { fileworksJob: 1 }, 'body is a job message without a type'],
    [
      'a continuation of the future',
      { fileworksContinuation: 2 },
      'body is a continuation of an unknown version or shape',
    ],
    ['an array', [1], 'JSON array'],
    ['nothing', null, 'JSON null'],
  ])('with %s are poison', (_, body, reason) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    expect(() => decodeBody(text, false)).toThrow(
      expect.objectContaining({
        code: 'ERR_POISON_MESSAGE',
        message: expect.stringContaining(reason) as string,
      }) as Error,
    );
  });

  it('never repeat their values in the reason', () => {
    expect(() => decode({ password: 'hunter2' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') as string }) as Error,
    );
  });

  it('name events without an id of use no correlation id', () => {
    expect(decode({ ...objectCreatedEvent({ key: 'a' }), id: 'x'.repeat(300) }).correlationId).toBeUndefined();
  });

  it('that call something a name which no text can be made of have no type', () => {
    const [record] = notification('a').Records;
    expect(decode({ Records: [{ ...record, eventName: { toString: null, valueOf: null } }] })).not.toHaveProperty(
      'type',
    );
  });

  it('cannot reach the prototype of an object', () => {
    expect(() => decodeBody('{"__proto__":{"fileworksJob":1,"type":"t"}}', false)).toThrow('no schema was given');
  });
});
