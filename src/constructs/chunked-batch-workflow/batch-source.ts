import { ValidationError } from '../private/validation-error';

/** Where a run finds the files of a prefix. */
export class BatchSource {
  /** S3 lists `incoming/` below the prefix. Empty objects, folder markers and the marker file are left out. */
  static listing(): BatchSource {
    return new BatchSource();
  }

  /**
   * An object below the prefix names the files: JSON Lines with `{"key": "sales/incoming/a.csv", "size": 1204}` for
   * each; `size` in bytes and `etag` may be
   * left out.
   *
   * Nothing is listed. Files outside of `incoming/` are worked on if the processor may read them, and stay where they
   * are.
   *
   * @param name the key of the manifest below the prefix, such as `files.jsonl`
   */
  static manifest(name: string): BatchSource {
    if (name === '' || name.startsWith('/')) {
      throw new ValidationError(
        `name must be the key of an object below the prefix, without a slash before it, got: ${JSON.stringify(name)}`,
      );
    }
    return new BatchSource(name);
  }

  /** The key of the manifest below a prefix; undefined for a listing. */
  readonly manifestName?: string;

  private constructor(manifestName?: string) {
    this.manifestName = manifestName;
  }
}
