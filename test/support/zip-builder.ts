import { crc32, deflateRawSync } from 'node:zlib';

/** Fields of a local or central header that a test may bend. */
export interface HeaderBend {
  readonly signature?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly crc32?: number;
  readonly compressedSize?: number;
  readonly size?: number;
  readonly name?: Buffer;
  readonly extra?: Buffer;
  /** Only central. */
  readonly offset?: number;
  readonly disk?: number;
}

export interface EntrySpec {
  readonly name: string | Buffer;
  readonly content?: Buffer | string;
  /** 0 stored, 8 deflate; anything else needs `data`. */
  readonly method?: number;
  /** The compressed data, when it is not what `content` compresses to. */
  readonly data?: Buffer;
  readonly flags?: number;
  /** Sizes and checksum come after the data. */
  readonly descriptor?: 'signed' | 'bare' | 'signed64' | 'bare64' | Buffer;
  /** Sizes and offset in ZIP64 fields, in both headers. */
  readonly zip64?: boolean;
  readonly extra?: Buffer;
  /** At the end of the central header. */
  readonly comment?: Buffer;
  readonly madeBy?: number;
  readonly attributes?: number;
  readonly local?: HeaderBend;
  readonly central?: HeaderBend;
  /** Bytes between the entry before and this one. */
  readonly gap?: Buffer;
  /** Takes the local header and data of an earlier entry for its own. */
  readonly sharesOffsetOf?: number;
}

export interface ArchiveSpec {
  readonly prefix?: Buffer;
  /** Offsets count from the start of the file, prefix included. */
  readonly prefixCounted?: boolean;
  readonly suffix?: Buffer;
  readonly comment?: Buffer;
  /** ZIP64 end records, and their fields where they should lie. */
  readonly zip64?: boolean;
  readonly end?: Partial<
    Record<
      'disk' | 'directoryDisk' | 'entriesOnDisk' | 'entries' | 'directoryBytes' | 'directoryOffset' | 'commentBytes',
      number
    >
  >;
  readonly end64?: Partial<
    Record<'signature' | 'entries' | 'directoryBytes' | 'directoryOffset' | 'disk' | 'recordBytes', number>
  >;
  readonly locator?: Partial<Record<'offset' | 'disks', number>>;
}

/** Where a record stands in the archive. */
export interface RecordPlace {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

export interface BuiltZip {
  readonly bytes: Buffer;
  readonly records: readonly RecordPlace[];
}

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

export function extraField(id: number, value: Buffer): Buffer {
  return Buffer.concat([u16(id), u16(value.length), value]);
}

export function unicodePath(original: Buffer, name: string): Buffer {
  return extraField(0x7075, Buffer.concat([Buffer.from([1]), u32(crc32(original)), Buffer.from(name)]));
}

/** 2026-11-20, 12:34:56 */
const DOS_TIME = Buffer.concat([u16((12 << 11) | (34 << 5) | 28), u16(((2026 - 1980) << 9) | (11 << 5) | 20)]);

/** Builds a ZIP of which every field can be wrong on purpose. */
export function buildZip(entries: readonly EntrySpec[], archive: ArchiveSpec = {}): BuiltZip {
  const records: RecordPlace[] = [];
  const pieces: Buffer[] = [];
  let at = 0;
  const add = (what: string, bytes: Buffer): number => {
    const start = at;
    pieces.push(bytes);
    at += bytes.length;
    if (bytes.length > 0) {
      records.push({ what, start, end: at });
    }
    return start;
  };
  add('prefix', archive.prefix ?? Buffer.alloc(0));
  const base = archive.prefixCounted === false ? (archive.prefix?.length ?? 0) : 0;
  const made = entries.map((spec) => makeEntry(spec));
  const offsets: number[] = [];
  made.forEach((entry, i) => {
    const shared = entries[i]?.sharesOffsetOf;
    if (shared !== undefined) {
      return void offsets.push(offsets[shared] ?? 0);
    }
    add(`gap ${i}`, entries[i]?.gap ?? Buffer.alloc(0));
    offsets.push(add(`local ${i}`, entry.local) - base);
    add(`data ${i}`, entry.data);
    add(`descriptor ${i}`, entry.descriptor);
  });
  const directoryOffset = at - base;
  made.forEach((entry, i) => add(`central ${i}`, entry.central(offsets[i] ?? 0)));
  const directoryBytes = at - base - directoryOffset;
  const count = entries.length;
  if (archive.zip64 === true) {
    const record = archive.end64 ?? {};
    const start = add(
      'end64',
      Buffer.concat([
        u32(record.signature ?? 0x06064b50),
        u64(record.recordBytes ?? 44),
        u16(45),
        u16(45),
        u32(record.disk ?? 0),
        u32(0),
        u64(record.entries ?? count),
        u64(record.entries ?? count),
        u64(record.directoryBytes ?? directoryBytes),
        u64(record.directoryOffset ?? directoryOffset),
      ]),
    );
    add(
      'locator',
      Buffer.concat([
        u32(0x07064b50),
        u32(0),
        u64(archive.locator?.offset ?? start - base),
        u32(archive.locator?.disks ?? 1),
      ]),
    );
  }
  const comment = archive.comment ?? Buffer.alloc(0);
  const wide = archive.zip64 === true;
  const end = {
    disk: 0,
    directoryDisk: 0,
    entriesOnDisk: wide ? 0xffff : count,
    entries: wide ? 0xffff : count,
    directoryBytes: wide ? 0xffffffff : directoryBytes,
    directoryOffset: wide ? 0xffffffff : directoryOffset,
    commentBytes: comment.length,
    ...archive.end,
  };
  add(
    'end',
    Buffer.concat([
      u32(0x06054b50),
      u16(end.disk),
      u16(end.directoryDisk),
      u16(end.entriesOnDisk),
      u16(end.entries),
      u32(end.directoryBytes),
      u32(end.directoryOffset),
      u16(end.commentBytes),
      comment,
    ]),
  );
  add('suffix', archive.suffix ?? Buffer.alloc(0));
  return { bytes: Buffer.concat(pieces), records };
}

interface MadeEntry {
  readonly local: Buffer;
  readonly data: Buffer;
  readonly descriptor: Buffer;
  readonly central: (offset: number) => Buffer;
}

function makeEntry(spec: EntrySpec): MadeEntry {
  const name = typeof spec.name === 'string' ? Buffer.from(spec.name) : spec.name;
  const content = Buffer.from(spec.content ?? '');
  const method = spec.method ?? 8;
  const data = spec.data ?? (method === 8 ? deflateRawSync(content) : content);
  const utf8 = typeof spec.name === 'string' && /[^\0-\x7f]/.test(spec.name) ? 0x800 : 0;
  const flags = spec.flags ?? utf8 | (spec.descriptor === undefined ? 0 : 8);
  const truth = { crc32: crc32(content), compressedSize: data.length, size: content.length };
  const streamed = spec.descriptor !== undefined;
  const extra = spec.extra ?? Buffer.alloc(0);
  const local = header(0x04034b50, {
    flags,
    method,
    name,
    extra,
    ...(streamed ? { crc32: 0, compressedSize: 0, size: 0 } : truth),
    ...spec.local,
  });
  const fields = { flags, method, name, extra, ...truth, ...spec.central };
  const zip64 = spec.zip64 === true;
  const comment = spec.comment ?? Buffer.alloc(0);

  function header(
    signature: number,
    from: Required<Omit<HeaderBend, 'signature' | 'offset' | 'disk'>> & HeaderBend,
  ): Buffer {
    const wide = spec.zip64 === true;
    const extra = wide
      ? Buffer.concat([extraField(1, Buffer.concat([u64(from.size), u64(from.compressedSize)])), from.extra])
      : from.extra;
    return Buffer.concat([
      u32(from.signature ?? signature),
      u16(20),
      u16(from.flags),
      u16(from.method),
      DOS_TIME,
      u32(from.crc32),
      u32(wide ? 0xffffffff : from.compressedSize),
      u32(wide ? 0xffffffff : from.size),
      u16(from.name.length),
      u16(extra.length),
      from.name,
      extra,
    ]);
  }

  const central = (offset: number): Buffer => {
    const at = fields.offset ?? offset;
    const extra = zip64
      ? Buffer.concat([
          extraField(1, Buffer.concat([u64(fields.size), u64(fields.compressedSize), u64(at)])),
          fields.extra,
        ])
      : fields.extra;
    return Buffer.concat([
      u32(fields.signature ?? 0x02014b50),
      u16(spec.madeBy ?? (3 << 8) | 20),
      u16(20),
      u16(fields.flags),
      u16(fields.method),
      DOS_TIME,
      u32(fields.crc32),
      u32(zip64 ? 0xffffffff : fields.compressedSize),
      u32(zip64 ? 0xffffffff : fields.size),
      u16(fields.name.length),
      u16(extra.length),
      u16(comment.length),
      u16(fields.disk ?? 0),
      u16(0),
      u32(spec.attributes ?? 0),
      u32(zip64 ? 0xffffffff : at),
      fields.name,
      extra,
      comment,
    ]);
  };
  return { local, data, descriptor: descriptorOf(spec.descriptor, truth), central };
}

function descriptorOf(
  kind: EntrySpec['descriptor'],
  truth: { readonly crc32: number; readonly compressedSize: number; readonly size: number },
): Buffer {
  if (kind === undefined) {
    return Buffer.alloc(0);
  }
  if (Buffer.isBuffer(kind)) {
    return kind;
  }
  const wide = kind.endsWith('64') ? u64 : u32;
  const signature = kind.startsWith('signed') ? u32(0x08074b50) : Buffer.alloc(0);
  return Buffer.concat([signature, u32(truth.crc32), wide(truth.compressedSize), wide(truth.size)]);
}
