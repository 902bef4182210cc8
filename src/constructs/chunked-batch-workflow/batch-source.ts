import { ValidationError } from '../private/validation-error';

/** How a run finds the files of a prefix. */
export class BatchSource {
  /** Lists `incoming/` below the prefix. Empty objects, folder markers and the marker file are excluded. */
  static listing(): BatchSource {
    return new BatchSource();
  }

  /**
   * Reads the list of files from an object below the prefix: JSON Lines with `{"key": "sales/incoming/a.csv", "size":
   * 1204}` for each; `size` in bytes and `etag` are optional.
   *
   * Nothing is listed. Files outside of `incoming/` are processed if the processor may read them, and are not moved.
   *
   * @param name the key of the manifest below the prefix, such as `files.jsonl`
   */
  static manifest(name: string): BatchSource {
    if (name === '' || name.startsWith('/')) {
      throw new ValidationError(
        `name must be the key of an object below the prefix, without a leading slash, got: ${JSON.stringify(name)}`,
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
