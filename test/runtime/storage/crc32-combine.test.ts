import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { crc32Combine } from '../../../src/runtime/storage/crc32-combine.js';

test('is the checksum of both contents one after the other', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.uint8Array({ maxLength: 500 }), (first, second) => {
      expect(crc32Combine(crc32(first), crc32(second), second.length)).toBe(crc32(Buffer.concat([first, second])));
    }),
  );
});

test('holds for lengths beyond 32 bits of bits', () => {
  const zeros = Buffer.alloc(64 * 1024 * 1024);
  let whole = crc32('start');
  let combined = whole;
  for (let i = 0; i < 10; i++) {
    whole = crc32(zeros, whole);
    combined = crc32Combine(combined, crc32(zeros), zeros.length);
  }
  expect(combined).toBe(whole);
  expect(crc32Combine(crc32('start'), crc32(Buffer.concat([zeros, zeros])), 2 * zeros.length)).toBe(
    crc32(zeros, crc32(zeros, crc32('start'))),
  );
});
