import { readFileSync } from 'node:fs';
import { ValidationError } from '../private/validation-error';

/** A JSON Schema that validates each row of a file: draft 7, or 2020-12 if `$schema` says so. */
export class RowSchema {
  /**
   * A schema in a file.
   *
   * @param path path of the file, relative to the working directory of the app
   */
  static fromFile(path: string): RowSchema {
    return new RowSchema(readFileSync(path, 'utf8'), path);
  }

  /**
   * A schema as a JSON string.
   *
   * @param json the schema
   */
  static fromJson(json: string): RowSchema {
    return new RowSchema(json, 'json');
  }

  /**
   * The configuration for the function.
   *
   * @internal
   */
  readonly _schema: Readonly<Record<string, unknown>>;

  private constructor(json: string, source: string) {
    let schema: unknown;
    try {
      schema = JSON.parse(json);
    } catch (error) {
      throw new ValidationError(`${source} must be a JSON Schema, and is not JSON: ${(error as Error).message}`);
    }
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
      throw new ValidationError(`${source} must be a JSON Schema that is an object, got: ${json.slice(0, 50)}`);
    }
    this._schema = schema as Record<string, unknown>;
  }
}
