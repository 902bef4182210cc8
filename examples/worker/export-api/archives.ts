import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A real archive on this machine: a Python wheel, a jar, any ZIP. */
export interface Archive {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** The archives of the files of jobs, in rotation. */
export class Archives {
  readonly #archives: readonly Archive[];

  private constructor(archives: readonly Archive[]) {
    this.#archives = archives;
  }

  static async of(paths: readonly string[]): Promise<Archives> {
    if (paths.length === 0) {
      throw new Error('Expected at least one path of an archive');
    }
    const archives = paths.map(async (path): Promise<Archive> => {
      const hash = createHash('sha256');
      await pipeline(createReadStream(path), hash);
      return { name: basename(path), path, size: statSync(path).size, sha256: hash.digest('hex') };
    });
    return new Archives(await Promise.all(archives));
  }

  /** The archive of the file with this number. */
  at(index: number): Archive {
    return this.#archives[index % this.#archives.length];
  }
}
