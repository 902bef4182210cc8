import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { LoadRoute } from '../../contract/load-route.js';
import { ConfigurationError } from '../errors.js';
import { withPlainNumbers } from './json-numbers.js';
import { type FilePlace, FileRejected } from './load-error.js';
import type { SourceRow } from './read-rows.js';

/** Throws for an invalid row. */
export type CheckRow = (row: SourceRow) => void;

/**
 * Compiles the JSON Schema of a route: draft 7, or 2020-12 when `$schema` says so.
 *
 * @throws ConfigurationError if the schema is invalid
 */
export function rowChecker({ schema, format, table }: LoadRoute): CheckRow {
  if (schema === undefined) {
    return () => undefined;
  }
  const csv = format === 'csv';
  const validate = compile(schema, csv, table);
  return ({ value, line, pointer }) => {
    const place = line === undefined ? {} : { line };
    if (fits(validate, value, csv, { ...place, pointer })) {
      return;
    }
    const error = validate.errors?.[0];
    throw new FileRejected(messageOf(error), { ...place, pointer: `${pointer}${error?.instancePath ?? ''}` });
  };
}

function fits(validate: ValidateFunction, value: unknown, csv: boolean, place: FilePlace): boolean {
  try {
    // A copy for CSV, because the validator converts text to numbers in place
    return validate(csv ? { ...(value as object) } : withPlainNumbers(value));
  } catch (error) {
    // JSON can be nested deeper than the stack
    if (error instanceof RangeError) {
      throw new FileRejected('nested too deep to be validated', place, { cause: error });
    }
    throw error;
  }
}

/** `import` returns the module or its default export, depending on the loader. */
const addFormats = ('default' in formats ? formats.default : formats) as unknown as (ajv: Ajv | Ajv2020) => unknown;

function compile(schema: object, coerceTypes: boolean, table: string): ValidateFunction {
  const options = {
    coerceTypes,
    strict: true,
    strictRequired: false,
    strictTypes: false,
    strictTuples: false,
  } as const;
  const { $schema } = schema as { readonly $schema?: unknown };
  const modern = typeof $schema === 'string' && $schema.includes('2020-12');
  const ajv = modern ? new Ajv2020(options) : new Ajv(options);
  addFormats(ajv);
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw new ConfigurationError([
      `the JSON Schema of the rows for ${table} cannot be used: ${(error as Error).message}`,
    ]);
  }
}

function messageOf(error: NonNullable<ValidateFunction['errors']>[number] | undefined): string {
  const { message = 'does not fit the schema', keyword, params = {} } = error ?? {};
  if (keyword === 'additionalProperties') {
    return `${message}: ${(params as { readonly additionalProperty: string }).additionalProperty}`;
  }
  return keyword === 'enum'
    ? `${message}: ${(params as { readonly allowedValues: readonly unknown[] }).allowedValues.join(', ')}`
    : message;
}
