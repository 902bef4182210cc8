import type { Random } from './random.ts';

/** Numbers that stand at the borders of the fields of a format. */
const BORDERS = [
  0, 1, 2, 7, 8, 9, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
  0xfffffffe, 0xffffffff,
];

export interface Alphabet {
  /** What a format is made of, to be written anywhere. */
  readonly words: readonly Buffer[];
  readonly maxBytes: number;
}

type Change = (bytes: Buffer, at: number, random: Random, other: Buffer, words: readonly Buffer[]) => Buffer;

const write = (bytes: Buffer, at: number, by: Buffer): Buffer => {
  by.copy(bytes, at);
  return bytes;
};
const uint = (random: Random, length: number): Buffer => {
  const by = Buffer.alloc(4);
  by.writeUInt32LE(BORDERS[random(BORDERS.length)]);
  return by.subarray(0, length);
};

const CHANGES: readonly Change[] = [
  (bytes, at, random) => write(bytes, at, Buffer.of((bytes.at(at) ?? 0) ^ (1 << random(8)))),
  (bytes, at, random) => write(bytes, at, Buffer.of(random(256))),
  (bytes, at, random) => write(bytes, at, uint(random, 2)),
  (bytes, at, random) => write(bytes, at, uint(random, 4)),
  (bytes, at, random, _, words) => write(bytes, at, words[random(words.length)]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(32))]),
  (bytes, at, random) =>
    Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + 1 + random(32)), bytes.subarray(at)]),
  (bytes, at, random, other) => {
    const from = random(other.length + 1);
    const lent = other.subarray(from, from + random(128));
    return Buffer.concat([bytes.subarray(0, at), lent, bytes.subarray(at + (random(2) === 0 ? lent.length : 0))]);
  },
];

/** Changes an input in one to four ways; `other` lends what is spliced in. */
export function mutateBytes(input: Buffer, other: Buffer, random: Random, { words, maxBytes }: Alphabet): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let times = 1 + random(4); times > 0; times--) {
    bytes = CHANGES[random(CHANGES.length)](bytes, random(bytes.length + 1), random, other, words);
  }
  return bytes.subarray(0, maxBytes);
}
