import fc from 'fast-check';
import { bufferSource, openZip, streamZip, ZipError, type ArchiveSource } from '../../../src/runtime/archive/index.js';
import { buildZip, type EntrySpec } from '../../support/zip-builder.js';

const text = Buffer.from(Array.from({ length: 300 }, (_, i) => `${i},${(i * 7919) % 10_007}\n`).join(''));
const specs: EntrySpec[] = [
  { name: 'stored.txt', content: text, method: 0 },
  { name: 'deflated.txt', content: text },
  { name: 'descriptor.txt', content: text, descriptor: 'signed' },
  { name: 'zip64.txt', content: text, zip64: true },
];
const archives = {
  plain: buildZip(specs, { comment: Buffer.from('comment') }),
  zip64: buildZip(specs, { zip64: true }),
};

type Contents = Map<string, Buffer>;
const truth: Contents = new Map(specs.map(({ name, content }) => [String(name), Buffer.from(content ?? '')]));

/**
 * Contents that were handed out as good, and whether the archive as a whole was. Anything thrown must be a ZipError.
 */
async function open(bytes: Buffer): Promise<{ contents: Contents; whole: boolean }> {
  const contents: Contents = new Map();
  let whole = true;
  try {
    const zip = await openZip(bytes);
    for (const entry of zip.entries) {
      await entry.buffer().then(
        (content) => contents.set(entry.name, content),
        (error: unknown) => {
          whole = false;
          expect(error).toBeInstanceOf(ZipError);
        },
      );
    }
  } catch (error) {
    expect(error).toBeInstanceOf(ZipError);
    whole = false;
  }
  return { contents, whole };
}

async function stream(bytes: Buffer): Promise<{ contents: Contents; whole: boolean }> {
  const contents: Contents = new Map();
  const pieces = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 500) {
      yield await Promise.resolve(bytes.subarray(at, at + 500));
    }
  };
  const zip = streamZip(pieces());
  try {
    for await (const entry of zip) {
      contents.set(entry.name, await entry.buffer());
    }
    await zip.verified();
    return { contents, whole: true };
  } catch (error) {
    expect(error).toBeInstanceOf(ZipError);
    await expect(zip.verified()).rejects.toBeInstanceOf(ZipError);
    return { contents, whole: false };
  }
}

describe.each(Object.entries(archives))('a %s archive', (_, { bytes, records }) => {
  test('cut anywhere is refused, at every boundary of a record and beside it', async () => {
    const cuts = new Set(
      records.flatMap(({ start, end }) => [start, start + 1, Math.floor((start + end) / 2), end - 1]),
    );
    for (const cut of cuts) {
      expect((await open(bytes.subarray(0, cut))).whole).toBe(false);
      expect((await stream(bytes.subarray(0, cut))).whole).toBe(false);
    }
  });

  test('with any bit of any record flipped never gives wrong bytes', async () => {
    for (const { what, start, end } of records.filter((record) => !record.what.startsWith('data'))) {
      for (let bit = start * 8; bit < end * 8; bit++) {
        const bent = Buffer.from(bytes);
        bent.writeUInt8(bent.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const opened = await open(bent);
        for (const [name, content] of opened.contents) {
          // A bit of a name may make another name of it, in both places or in neither; its content stays.
          const expected = truth.get(name) ?? [...truth.values()][0];
          if (!content.equals(expected)) {
            throw new Error(`wrong bytes of ${name} with bit ${bit} of ${what} flipped`);
          }
        }
        const streamed = await stream(bent);
        if (!streamed.whole) {
          continue;
        }
        for (const [name, content] of streamed.contents) {
          expect([what, name, content.equals(truth.get(name) ?? text)]).toEqual([what, name, true]);
        }
      }
    }
  }, 120_000);
});

test('flipped bits of data never give wrong bytes', async () => {
  const { bytes, records } = archives.plain;
  for (const { start, end } of records.filter(({ what }) => what.startsWith('data'))) {
    for (let at = start; at < end; at += 17) {
      const bent = Buffer.from(bytes);
      bent.writeUInt8(bent.readUInt8(at) ^ (1 << (at % 8)), at);
      const opened = await open(bent);
      expect(opened.whole).toBe(false);
      for (const [name, content] of opened.contents) {
        expect(content.equals(truth.get(name)!)).toBe(true);
      }
      expect((await stream(bent)).whole).toBe(false);
    }
  }
});

/** Any archive that is well formed, so that the readers must read it; names from every script. */
const names = fc.uniqueArray(
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter((name) => /^[\p{L}\p{N}_-]+$/u.test(name) && !/^(con|prn|aux|nul|com\d|lpt\d)$/i.test(name)),
  { maxLength: 8, selector: (name) => name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFC') },
);
const wellFormed = names
  .chain((list) =>
    fc.tuple(
      ...list.map((name) =>
        fc.record({
          name: fc.constant(name),
          content: fc
            .oneof(fc.uint8Array({ maxLength: 3_000 }), fc.constant(Buffer.alloc(100_000)))
            .map((bytes) => Buffer.from(bytes)),
          method: fc.constantFrom(0, 8),
          descriptor: fc.constantFrom(undefined, 'signed', 'bare', 'signed64', 'bare64'),
          zip64: fc.boolean(),
        }),
      ),
    ),
  )
  .map((entries) => entries as unknown as (EntrySpec & { readonly content: Buffer })[]);

test('what is well formed is read, by both readers, and all of it', async () => {
  await fc.assert(
    fc.asyncProperty(wellFormed, fc.boolean(), async (entries, zip64) => {
      const { bytes } = buildZip(entries, { zip64 });
      const expected = entries.map(({ name, content }) => [name, content.toString('base64')]);
      const opened = await open(bytes);
      expect([...opened.contents].map(([name, content]) => [name, content.toString('base64')])).toEqual(expected);
      expect(opened.whole).toBe(true);
      const storedDescriptor = entries.some(
        ({ method, descriptor, content }) => method === 0 && descriptor !== undefined && content.length > 0,
      );
      if (!storedDescriptor) {
        expect((await stream(bytes)).whole).toBe(true);
      }
    }),
    { numRuns: 150 },
  );
});

test('whatever is done to an archive, it is refused with a ZipError or read with the right bytes', async () => {
  const mutation = fc.record({
    kind: fc.constantFrom('write', 'insert', 'remove', 'copy'),
    at: fc.nat(),
    from: fc.nat(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  });
  const archive = fc.constantFrom(...Object.values(archives));
  await fc.assert(
    fc.asyncProperty(archive, fc.array(mutation, { minLength: 1, maxLength: 4 }), async ({ bytes }, mutations) => {
      let bent = Buffer.from(bytes);
      for (const { at, bytes: by, kind, from } of mutations) {
        const place = at % (bent.length + 1);
        const source = from % (bent.length + 1);
        if (kind === 'write') {
          bent.set(by.subarray(0, bent.length - place), place);
        }
        if (kind === 'insert') {
          bent = Buffer.concat([bent.subarray(0, place), by, bent.subarray(place)]);
        }
        if (kind === 'remove') {
          bent = Buffer.concat([bent.subarray(0, place), bent.subarray(place + by.length)]);
        }
        if (kind === 'copy') {
          bent = Buffer.concat([
            bent.subarray(0, place),
            bent.subarray(source, source + by.length * 20),
            bent.subarray(place),
          ]);
        }
      }
      for (const content of (await open(bent)).contents.values()) {
        expect(content.equals(text)).toBe(true);
      }
      const streamed = await stream(bent);
      if (streamed.whole) {
        for (const content of streamed.contents.values()) {
          expect(content.equals(text)).toBe(true);
        }
      }
    }),
    { numRuns: 400 },
  );
});

test('arbitrary bytes are refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      expect((await open(Buffer.from(bytes))).contents.size).toBe(0);
      expect((await stream(Buffer.from(bytes))).whole).toBe(false);
    }),
    { numRuns: 300 },
  );
});

describe('a source whose nth read fails', () => {
  /** Fails the nth call, and counts what was opened and not closed. */
  function failing(
    bytes: Buffer,
    n: number,
  ): { source: ArchiveSource; state: { calls: number; closed: number; streams: number } } {
    const inner = bufferSource(bytes);
    const state = { calls: 0, closed: 0, streams: 0 };
    const step = (): void => {
      if (state.calls++ === n) {
        throw new ZipError('ERR_ZIP_SOURCE', 'reading the archive failed: disk on fire', {
          cause: new Error('disk on fire'),
        });
      }
    };
    return {
      state,
      source: {
        label: inner.label,
        tail: (length, signal) =>
          Promise.resolve()
            .then(step)
            .then(() => inner.tail(length, signal)),
        read: (start, end, signal) =>
          Promise.resolve()
            .then(step)
            .then(() => inner.read(start, end, signal)),
        async *stream(start, end, signal) {
          state.streams += 1;
          try {
            for await (const piece of inner.stream(start, end, signal)) {
              step();
              yield piece;
            }
          } finally {
            state.streams -= 1;
          }
        },
        close: () => {
          state.closed += 1;
          return inner.close();
        },
      },
    };
  }

  const large = Buffer.from(Array.from({ length: 200_000 }, (_, i) => `${i},${(i * 7919) % 100_003}\n`).join(''));
  const bytes = buildZip([
    ...specs,
    { name: 'large.csv', content: large },
    { name: 'large.bin', content: large, method: 0 },
  ]).bytes;

  test('always gives the same error, with its cause, and leaves nothing open', async () => {
    let failures = 0;
    for (let n = 0; ; n++) {
      const { source, state } = failing(bytes, n);
      let done = false;
      try {
        const zip = await openZip(source);
        try {
          await zip.forEach(async (entry) => {
            let size = 0;
            for await (const piece of entry.stream()) {
              size += (piece as Buffer).length;
            }
            expect(size).toBe(entry.size);
          });
          done = true;
        } finally {
          await zip.close();
        }
      } catch (error) {
        failures += 1;
        expect(error).toMatchObject({ code: 'ERR_ZIP_SOURCE', cause: { message: 'disk on fire' } });
      }
      expect(state.closed).toBe(1);
      expect(state.streams).toBe(0);
      if (done) {
        break;
      }
    }
    expect(failures).toBeGreaterThan(5);
  });
});
