import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ArchiveEntry, type ArchiveLimits, streamZip, type StreamedEntry } from '../../archive/index.js';
import { download, type ExportApiClient } from '../../exports/index.js';
import type { IdempotentUploader, PutOptions } from '../../storage/index.js';
import type { ExportFile } from '../../../contract/export-contract.js';
import type { ExtractManifest, SkippedEntry, StoredEntry } from '../extract-manifest.js';
import { DownloadRefused } from './download-refused.js';

export interface ExtractForwardOptions {
  readonly api: ExportApiClient;
  readonly file: ExportFile;
  readonly uploader: IdempotentUploader;
  readonly bucket: string;
  readonly keyOf: (entry: ArchiveEntry) => string;
  readonly manifestKey: string;
  readonly select: (entry: ArchiveEntry) => Promise<boolean | string>;
  /** Called with the names of all entries before anything is stored. MUST throw if they are invalid. */
  readonly check: (names: ReadonlySet<string>) => Promise<void>;
  /** Called when the whole archive was received and verified. */
  readonly onRead: () => void;
  /** Maximum bytes of selected entries. */
  readonly maxDiskBytes: number;
  readonly ifDifferent: NonNullable<PutOptions['ifDifferent']>;
  readonly limits?: ArchiveLimits;
  readonly signal: AbortSignal;
}

interface Kept {
  readonly entry: StreamedEntry;
  readonly path: string;
}

/**
 * Extracts an archive that can be read only from start to end. Its directory is at the end and must match the entries
 * before any of them is trusted. Selected entries are therefore kept on disk until then, and the others are discarded.
 */
export async function extractForward(options: ExtractForwardOptions): Promise<ExtractManifest> {
  const folder = await mkdtemp(join(tmpdir(), 'fileworks-'));
  try {
    const { kept, skipped, fingerprint, entries, label } = await readAll(options, folder);
    const stored = await storeAll(options, kept);
    const manifest: ExtractManifest = {
      version: 1,
      archive: { label, fingerprint, entries },
      destination: { bucket: options.bucket, prefix: '' },
      stored,
      skipped,
      refused: [],
    };
    await options.uploader.put({
      bucket: options.bucket,
      key: options.manifestKey,
      body: Buffer.from(JSON.stringify(manifest)),
      contentType: 'application/json',
      ifDifferent: 'replace',
      signal: options.signal,
    });
    return manifest;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readAll(
  { api, file, limits, signal, select, check, onRead, maxDiskBytes }: ExtractForwardOptions,
  folder: string,
) {
  const url = api.resolve(file.url);
  const label = `${url.origin}${url.pathname}`;
  const bytes = download(api, url, {
    signal,
    ...(file.size !== undefined && { size: file.size }),
    ...(file.sha256 !== undefined && { sha256: file.sha256 }),
  });
  const archive = streamZip(bytes, { label, signal, ...(limits !== undefined && { limits }) });
  const kept: Kept[] = [];
  const skipped: SkippedEntry[] = [];
  const names = new Set<string>();
  let onDisk = 0;
  for await (const entry of archive) {
    names.add(entry.name);
    const selected = entry.kind === 'directory' ? 'a directory' : await select(entry);
    if (selected !== true) {
      skipped.push({ name: entry.name, reason: selected === false ? 'not selected' : selected });
      continue;
    }
    const path = join(folder, String(kept.length));
    await pipeline(
      entry.pieces({ signal }),
      async function* (pieces: AsyncIterable<Buffer>) {
        for await (const piece of pieces) {
          onDisk += piece.length;
          if (onDisk > maxDiskBytes) {
            throw new DownloadRefused(
              'ERR_DOWNLOAD_TOO_LARGE',
              `selected entries have more than ${maxDiskBytes} bytes, the limit \`maxDiskBytes\``,
            );
          }
          // A copy: the memory of a piece is reused before a slow disk has written it.
          yield Buffer.from(piece);
        }
      },
      createWriteStream(path),
    );
    kept.push({ entry, path });
  }
  await archive.verified();
  onRead();
  await check(names);
  const fingerprint = createHash('sha256')
    .update(JSON.stringify(kept.map(({ entry: { name, size, crc32 } }) => [name, size, crc32])))
    .digest('hex');
  return { kept, skipped, fingerprint, entries: names.size, label };
}

async function storeAll(
  { uploader, bucket, keyOf, ifDifferent, signal }: ExtractForwardOptions,
  kept: readonly Kept[],
): Promise<StoredEntry[]> {
  const nameOf = new Map(kept.map(({ entry }) => [keyOf(entry), entry.name]));
  const puts = kept.map(({ entry, path }): PutOptions => ({
    bucket,
    key: keyOf(entry),
    body: () => createReadStream(path),
    ifDifferent,
    ...(entry.size !== undefined && { size: entry.size }),
    ...(entry.crc32 !== undefined && { crc32: entry.crc32 }),
  }));
  const stored: StoredEntry[] = [];
  for await (const { key, outcome, etag, versionId, checksum, bytes } of uploader.putAll(puts, {
    signal,
    concurrency: 8,
  })) {
    stored.push({
      name: nameOf.get(key) ?? key,
      key,
      outcome,
      etag,
      ...(versionId !== undefined && { versionId }),
      checksum,
      bytes,
    });
  }
  return stored;
}
