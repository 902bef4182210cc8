/** Numbers that stand at the borders of the fields of a ZIP. */
const BORDERS = [0, 1, 2, 7, 8, 9, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

const SIGNATURES = ['PK\u0001\u0002', 'PK\u0003\u0004', 'PK\u0005\u0006', 'PK\u0006\u0006', 'PK\u0006\u0007', 'PK\u0007\b'].map((text) => Buffer.from(text, 'latin1'));

/** Random numbers below a limit, the same for the same seed (mulberry32). */
export function randomOf(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % Math.max(1, limit);
  };
}

type Change = (bytes: Buffer, at: number, random: (limit: number) => number, other: Buffer) => Buffer;

const write = (bytes: Buffer, at: number, by: Buffer): Buffer => {
  by.copy(bytes, at);
  return bytes;
};
const uint = (random: (limit: number) => number, length: number): Buffer => {
  const by = Buffer.alloc(4);
  by.writeUInt32LE(BORDERS[random(BORDERS.length)]);
  return by.subarray(0, length);
};

const CHANGES: readonly Change[] = [
  (bytes, at, random) => write(bytes, at, Buffer.of((bytes.at(at) ?? 0) ^ (1 << random(8)))),
  (bytes, at, random) => write(bytes, at, Buffer.of(random(256))),
  (bytes, at, random) => write(bytes, at, uint(random, 2)),
  (bytes, at, random) => write(bytes, at, uint(random, 4)),
  (bytes, at, random) => write(bytes, at, SIGNATURES[random(SIGNATURES.length)]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(32))]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + 1 + random(32)), bytes.subarray(at)]),
  (bytes, at, random, other) => {
    const from = random(other.length + 1);
    const lent = other.subarray(from, from + random(128));
    return Buffer.concat([bytes.subarray(0, at), lent, bytes.subarray(at + (random(2) === 0 ? lent.length : 0))]);
  },
];

/** Changes an input in one to four ways; `other` lends what is spliced in. */
export function mutate(input: Buffer, other: Buffer, random: (limit: number) => number, maxBytes: number): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let times = 1 + random(4); times > 0; times--) {
    bytes = CHANGES[random(CHANGES.length)](bytes, random(bytes.length + 1), random, other);
  }
  return bytes.subarray(0, maxBytes);
}
