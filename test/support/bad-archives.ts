import { deflateRawSync } from 'node:zlib';
import type { ArchiveLimits } from '../../src/runtime/archive/index.js';
import { buildZip, extraField, unicodePath, type EntrySpec } from './zip-builder.js';

/** An archive that must be refused: the code, the reader, and whether as a whole or by entry. */
export interface BadArchive {
  readonly code: `ERR_ZIP_${string}`;
  /** The defect, when a code has several archives. */
  readonly variant?: string;
  readonly bytes: Buffer;
  readonly limits?: ArchiveLimits;
  /** The result of `openZip`; `reads` when only reading from front to back is refused. @default the code */
  readonly opened?: 'reads';
  /**
   * The result of `streamZip`, where it differs; `reads` when it cannot detect the defect. @default the code
   */
  readonly streamed?: `ERR_ZIP_${string}` | 'reads';
}

const good: EntrySpec = { name: 'good.txt', content: 'good content, good content, good content' };
const zip = (entries: readonly EntrySpec[], archive?: Parameters<typeof buildZip>[1]): Buffer =>
  buildZip(entries, archive).bytes;
const named = (name: string | Buffer, more: Partial<EntrySpec> = {}): Buffer =>
  zip([good, { name, content: 'x', ...more }]);
const text = Buffer.from('some text that is longer than nothing, '.repeat(20));
const UNIX_LINK = (0o120777 << 16) >>> 0;
const UNIX_DEVICE = (0o060644 << 16) >>> 0;

/**
 * One archive, or more, for each code of ZipError that an archive can cause. Names of files in
 * test/fixtures/archives/bad come from here.
 */
export function badArchives(): BadArchive[] {
  const plain = zip([good, { name: 'second.txt', content: text }]);
  const shared = buildZip([good, { name: 'second.txt', content: text }]);
  const dataOf = (i: number): number => shared.records.find(({ what }) => what === `data ${i}`)?.start ?? 0;
  const flip = (bytes: Buffer, at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(at) ^ 0xff, at);
    return copy;
  };
  const longerExtra = Buffer.from(plain);
  longerExtra.writeUInt16LE(60, 28); // the length of the extra fields in the first local header
  return [
    { code: 'ERR_ZIP_NOT_ZIP', bytes: Buffer.from('this is no archive at all') },
    { code: 'ERR_ZIP_NOT_ZIP', variant: 'empty', bytes: Buffer.alloc(0) },
    {
      code: 'ERR_ZIP_NOT_ZIP',
      variant: 'end missing',
      bytes: plain.subarray(0, plain.length - 22),
      streamed: 'ERR_ZIP_TRUNCATED',
    },
    {
      code: 'ERR_ZIP_TRUNCATED',
      variant: 'comment',
      bytes: zip([good], { comment: Buffer.from('comment') }).subarray(0, -3),
    },
    {
      code: 'ERR_ZIP_TRUNCATED',
      variant: 'first bytes missing',
      bytes: plain.subarray(10),
      streamed: 'ERR_ZIP_NOT_ZIP',
    },
    { code: 'ERR_ZIP_TRAILING_DATA', bytes: zip([good], { suffix: Buffer.from('more') }) },
    {
      code: 'ERR_ZIP_PREFIXED_DATA',
      bytes: zip([good], { prefix: Buffer.from('#!/bin/sh\n'), prefixCounted: false }),
      streamed: 'ERR_ZIP_NOT_ZIP',
    },
    {
      code: 'ERR_ZIP_PREFIXED_DATA',
      variant: 'counted',
      bytes: zip([good], { prefix: Buffer.from('#!/bin/sh\n') }),
      streamed: 'ERR_ZIP_NOT_ZIP',
    },
    { code: 'ERR_ZIP_AMBIGUOUS_END', bytes: zip([good], { comment: zip([{ name: 'other.txt', content: 'other' }]) }) },
    {
      code: 'ERR_ZIP_AMBIGUOUS_END',
      variant: 'signature in comment',
      bytes: zip([good], { comment: Buffer.from('see PK\u0005\u0006 here') }),
    },
    {
      code: 'ERR_ZIP_AMBIGUOUS_END',
      variant: 'zip64 records in the directory',
      bytes: zip([{ ...good, comment: zip([], { zip64: true }).subarray(0, 76) }]),
    },
    {
      code: 'ERR_ZIP_MULTI_DISK',
      bytes: zip([good], { end: { disk: 1, directoryDisk: 1 } }),
      streamed: 'ERR_ZIP_MISMATCH',
    },
    { code: 'ERR_ZIP_MULTI_DISK', variant: 'entry', bytes: named('far.txt', { central: { disk: 3 } }) },
    {
      code: 'ERR_ZIP_BAD_RECORD',
      variant: 'central signature',
      bytes: named('a.txt', { central: { signature: 0x02014b51 } }),
      streamed: 'ERR_ZIP_MISMATCH',
    },
    {
      code: 'ERR_ZIP_BAD_RECORD',
      variant: 'local signature',
      bytes: named('a.txt', { local: { signature: 0x04034b51 } }),
      streamed: 'ERR_ZIP_MISMATCH',
    },
    {
      code: 'ERR_ZIP_BAD_RECORD',
      variant: 'extra field overrun',
      bytes: named('a.txt', { extra: Buffer.from([9, 9, 200, 0, 1]) }),
    },
    {
      code: 'ERR_ZIP_BAD_RECORD',
      variant: 'zip64 value missing',
      bytes: named('a.txt', { local: { size: 0xffffffff }, central: { size: 0xffffffff } }),
    },
    {
      code: 'ERR_ZIP_BAD_RECORD',
      variant: 'zip64 field twice',
      bytes: named('a.txt', { extra: Buffer.concat([extraField(1, Buffer.alloc(8)), extraField(1, Buffer.alloc(8))]) }),
    },
    {
      code: 'ERR_ZIP_BAD_RECORD',
      variant: 'zip64 locator astray',
      bytes: zip([good], { zip64: true, end64: { signature: 1 } }),
    },
    { code: 'ERR_ZIP_MISMATCH', variant: 'count', bytes: zip([good], { end: { entries: 2, entriesOnDisk: 2 } }) },
    {
      code: 'ERR_ZIP_MISMATCH',
      variant: 'count too small',
      bytes: zip([good, { name: 'b' }], { end: { entries: 1, entriesOnDisk: 1 } }),
    },
    {
      code: 'ERR_ZIP_MISMATCH',
      variant: 'zip64 contradiction',
      bytes: zip([good], { zip64: true, end: { entries: 2 } }),
    },
    { code: 'ERR_ZIP_MISMATCH', variant: 'name', bytes: named('a.txt', { central: { name: Buffer.from('b.txt') } }) },
    { code: 'ERR_ZIP_MISMATCH', variant: 'method', bytes: named('a.txt', { method: 0, central: { method: 8 } }) },
    { code: 'ERR_ZIP_MISMATCH', variant: 'checksum', bytes: named('a.txt', { central: { crc32: 7 } }) },
    { code: 'ERR_ZIP_MISMATCH', variant: 'size', bytes: named('a.txt', { central: { size: 2 } }) },
    { code: 'ERR_ZIP_MISMATCH', variant: 'utf-8 flag', bytes: named('a.txt', { central: { flags: 0x800 } }) },
    {
      code: 'ERR_ZIP_MISMATCH',
      variant: 'descriptor',
      bytes: named('a.txt', { content: text, descriptor: Buffer.alloc(16, 1) }),
    },
    {
      code: 'ERR_ZIP_MISMATCH',
      variant: 'unicode path',
      bytes: named('ä.txt', { flags: 0x800, extra: unicodePath(Buffer.from('ä.txt'), 'b.txt') }),
    },
    {
      code: 'ERR_ZIP_MISMATCH',
      variant: 'unicode path of the local header',
      bytes: named('a.txt', { local: { extra: unicodePath(Buffer.from('a.txt'), 'b.txt') } }),
    },
    {
      code: 'ERR_ZIP_MISMATCH',
      variant: 'unicode paths that differ',
      bytes: named('a.txt', {
        extra: unicodePath(Buffer.from('a.txt'), 'c.txt'),
        local: { extra: unicodePath(Buffer.from('a.txt'), 'b.txt') },
      }),
    },
    {
      code: 'ERR_ZIP_MISMATCH',
      variant: 'hidden local entry',
      bytes: zip([
        good,
        { name: 'b', gap: buildZip([{ name: 'hidden.txt', content: 'hidden' }]).bytes.subarray(0, 48) },
      ]),
      opened: 'reads',
    },
    {
      code: 'ERR_ZIP_OVERLAP',
      bytes: zip([good, { name: 'good.tx2', sharesOffsetOf: 0, content: good.content ?? '' }]),
      streamed: 'ERR_ZIP_MISMATCH',
    },
    {
      code: 'ERR_ZIP_OVERLAP',
      variant: 'into directory',
      bytes: zip([
        { ...good, local: { compressedSize: 500, size: 500 }, central: { compressedSize: 500, size: 500 }, method: 0 },
      ]),
      streamed: 'ERR_ZIP_TRUNCATED',
    },
    { code: 'ERR_ZIP_OVERLAP', variant: 'by local extra field', bytes: longerExtra, streamed: 'ERR_ZIP_BAD_RECORD' },
    { code: 'ERR_ZIP_CRC', bytes: named('a.txt', { content: text, local: { crc32: 1 }, central: { crc32: 1 } }) },
    {
      code: 'ERR_ZIP_CRC',
      variant: 'stored',
      bytes: named('a.txt', { content: text, method: 0, local: { crc32: 1 }, central: { crc32: 1 } }),
    },
    {
      code: 'ERR_ZIP_SIZE',
      variant: 'more than declared',
      bytes: named('a.txt', { content: text, local: { size: 10 }, central: { size: 10 } }),
    },
    {
      code: 'ERR_ZIP_SIZE',
      variant: 'less than declared',
      bytes: named('a.txt', { content: text, local: { size: 10_000 }, central: { size: 10_000 } }),
    },
    {
      code: 'ERR_ZIP_SIZE',
      variant: 'stored',
      bytes: named('a.txt', { content: text, method: 0, local: { size: 10 }, central: { size: 10 } }),
    },
    { code: 'ERR_ZIP_SIZE', variant: 'directory with content', bytes: named('dir/', { content: text }) },
    { code: 'ERR_ZIP_BAD_DATA', variant: 'deflate', bytes: flip(shared.bytes, dataOf(1)) },
    {
      code: 'ERR_ZIP_BAD_DATA',
      variant: 'bytes after deflate',
      bytes: named('a.txt', { content: text, data: Buffer.concat([deflateRawSync(text), Buffer.alloc(9)]) }),
    },
    {
      code: 'ERR_ZIP_BAD_DATA',
      variant: 'deflate cut',
      bytes: named('a.txt', { content: text, data: deflateRawSync(text).subarray(0, -5) }),
    },
    { code: 'ERR_ZIP_TOO_MANY_ENTRIES', bytes: zip([good, { name: 'b' }, { name: 'c' }]), limits: { maxEntries: 2 } },
    { code: 'ERR_ZIP_DIRECTORY_TOO_LARGE', bytes: plain, limits: { maxDirectoryBytes: 60 }, streamed: 'reads' },
    { code: 'ERR_ZIP_ENTRY_TOO_LARGE', bytes: named('a.txt', { content: text }), limits: { maxEntryBytes: 100 } },
    {
      code: 'ERR_ZIP_ENTRY_TOO_LARGE',
      variant: 'after descriptor',
      bytes: named('a.txt', { content: text, descriptor: 'signed' }),
      limits: { maxEntryBytes: 100 },
    },
    { code: 'ERR_ZIP_TOTAL_TOO_LARGE', bytes: plain, limits: { maxTotalBytes: 100 } },
    { code: 'ERR_ZIP_RATIO', bytes: named('zeros', { content: Buffer.alloc(2_000_000) }) },
    {
      code: 'ERR_ZIP_RATIO',
      variant: 'after descriptor',
      bytes: named('zeros', { content: Buffer.alloc(2_000_000), descriptor: 'signed' }),
    },
    { code: 'ERR_ZIP_NAME_EMPTY', bytes: named('') },
    { code: 'ERR_ZIP_NAME_ENCODING', bytes: named(Buffer.from([0xff, 0xfe, 0x41]), { flags: 0x800 }) },
    { code: 'ERR_ZIP_NAME_TOO_LONG', bytes: named('n'.repeat(2_000)) },
    { code: 'ERR_ZIP_NAME_TOO_DEEP', bytes: named('d/'.repeat(100) + 'f') },
    { code: 'ERR_ZIP_NAME_CONTROL', bytes: named('evil.txt\0.png') },
    { code: 'ERR_ZIP_NAME_CONTROL', variant: 'newline', bytes: named('a\nb') },
    { code: 'ERR_ZIP_NAME_BACKSLASH', bytes: named('..\\evil.txt') },
    { code: 'ERR_ZIP_NAME_ABSOLUTE', bytes: named('/etc/passwd') },
    { code: 'ERR_ZIP_NAME_ABSOLUTE', variant: 'drive', bytes: named('C:/evil.txt') },
    { code: 'ERR_ZIP_NAME_ESCAPES', bytes: named('../evil.txt') },
    { code: 'ERR_ZIP_NAME_ESCAPES', variant: 'inside', bytes: named('a/../../evil.txt') },
    { code: 'ERR_ZIP_NAME_ESCAPES', variant: 'dot', bytes: named('./a.txt') },
    { code: 'ERR_ZIP_NAME_ESCAPES', variant: 'empty part', bytes: named('a//b.txt') },
    { code: 'ERR_ZIP_NAME_RESERVED', bytes: named('dir/AUX.txt') },
    { code: 'ERR_ZIP_NAME_RESERVED', variant: 'trailing dot', bytes: named('file.') },
    { code: 'ERR_ZIP_DUPLICATE_NAME', bytes: named('good.txt') },
    {
      code: 'ERR_ZIP_DUPLICATE_NAME',
      variant: 'file and directory',
      bytes: zip([
        { name: 'a/', method: 0 },
        { name: 'a', content: 'x' },
      ]),
    },
    { code: 'ERR_ZIP_FOLDED_DUPLICATE', variant: 'case', bytes: named('GOOD.TXT'), streamed: 'ERR_ZIP_DUPLICATE_NAME' },
    {
      code: 'ERR_ZIP_FOLDED_DUPLICATE',
      variant: 'unicode form',
      bytes: zip([{ name: 'caf\u00e9' }, { name: 'cafe\u0301' }]),
      streamed: 'ERR_ZIP_DUPLICATE_NAME',
    },
    { code: 'ERR_ZIP_SYMLINK', bytes: named('link', { content: '/etc/passwd', attributes: UNIX_LINK }) },
    { code: 'ERR_ZIP_SPECIAL_FILE', bytes: named('device', { content: '', attributes: UNIX_DEVICE }) },
    {
      code: 'ERR_ZIP_ENCRYPTED',
      variant: 'ZipCrypto',
      bytes: named('secret.txt', { flags: 1, content: text, method: 0 }),
    },
    {
      code: 'ERR_ZIP_ENCRYPTED',
      variant: 'AES',
      bytes: named('secret.txt', {
        flags: 1,
        method: 99,
        data: Buffer.alloc(40),
        extra: extraField(0x9901, Buffer.from([2, 0, 0x41, 0x45, 3, 8, 0])),
      }),
    },
    {
      code: 'ERR_ZIP_ENCRYPTED',
      variant: 'strong',
      bytes: named('secret.txt', { flags: 0x41, content: text, method: 0 }),
    },
    {
      code: 'ERR_ZIP_UNSUPPORTED_METHOD',
      variant: 'bzip2',
      bytes: named('a.bz2', { method: 12, data: Buffer.alloc(20) }),
    },
    {
      code: 'ERR_ZIP_UNSUPPORTED_METHOD',
      variant: 'unknown',
      bytes: named('a.xyz', { method: 77, data: Buffer.alloc(20) }),
    },
    {
      code: 'ERR_ZIP_ENCRYPTED',
      variant: 'ZipCrypto after descriptor',
      bytes: named('secret.txt', { flags: 9, content: text, method: 0, descriptor: 'signed' }),
    },
    {
      code: 'ERR_ZIP_NOT_STREAMABLE',
      bytes: named('a.bin', { content: text, method: 0, descriptor: 'signed' }),
      opened: 'reads',
    },
  ];
}

/** `ERR_ZIP_CRC.stored.zip` */
export function fileNameOf({ code, variant }: BadArchive): string {
  return `${code}${variant === undefined ? '' : `.${variant.replaceAll(' ', '-')}`}.zip`;
}
