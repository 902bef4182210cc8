import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32Combine } from './crc32-combine.js';

/** Checksum for comparing content with stored objects. S3 verifies the same checksum on upload. */
export type Verification = 'crc32' | 'sha256';

/** CRC-32 in the format of S3: big-endian, in base64. It is the same CRC-32 as in ZIP archives. */
export function crc32ToBase64(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString('base64');
}

/** The checksum as a field of S3 requests and responses. */
export function checksumFields(
  checksum: string | undefined,
  verify: Verification,
): { ChecksumCRC32?: string; ChecksumSHA256?: string } {
  if (checksum === undefined) {
    return {};
  }
  return verify === 'crc32' ? { ChecksumCRC32: checksum } : { ChecksumSHA256: checksum };
}

/** Size and checksums that identify a content. */
export interface Identity {
  readonly bytes: number;
  /** In the format of S3. */
  readonly checksum: string;
  readonly crc32: number;
}

/** The identity of a content that is stored in one request. */
export function identityOf(bytes: Uint8Array, verify: Verification): Identity {
  const crc = crc32(bytes);
  const checksum = verify === 'crc32' ? crc32ToBase64(crc) : createHash('sha256').update(bytes).digest('base64');
  return { bytes: bytes.byteLength, checksum, crc32: crc };
}

/**
 * The identity of a content that is stored in parts.
 *
 * The CRC of the whole content is independent of the parts. For SHA-256, S3 stores the hash of the hashes of the parts
 * and their number, so it depends on the part size.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export class PartsChecksum {
  readonly #verify: Verification;
  readonly #hashes: Buffer[] = [];
  #crc = 0;
  #bytes = 0;

  constructor(verify: Verification) {
    this.#verify = verify;
  }

  /** @returns the checksum of this part */
  add(part: Uint8Array): string {
    const crc = crc32(part);
    this.#crc = this.#bytes === 0 ? crc : crc32Combine(this.#crc, crc, part.byteLength);
    this.#bytes += part.byteLength;
    if (this.#verify === 'crc32') {
      return crc32ToBase64(crc);
    }
    const hash = createHash('sha256').update(part).digest();
    this.#hashes.push(hash);
    return hash.toString('base64');
  }

  /** The identity of the content added so far, stored in one request or in these parts. */
  identity(stored: 'whole' | 'parts'): Identity {
    return { bytes: this.#bytes, checksum: this.#checksum(stored), crc32: this.#crc };
  }

  #checksum(stored: 'whole' | 'parts'): string {
    if (this.#verify === 'crc32') {
      return crc32ToBase64(this.#crc);
    }
    if (stored === 'whole') {
      return (this.#hashes[0] ?? createHash('sha256').digest()).toString('base64');
    }
    return `${createHash('sha256').update(Buffer.concat(this.#hashes)).digest('base64')}-${this.#hashes.length}`;
  }
}
