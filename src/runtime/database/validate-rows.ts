import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { LoadRoute } from '../../contract/load-route.js';
import { ConfigurationError } from '../errors.js';
import { withPlainNumbers } from './json-numbers.js';
import { type FilePlace, FileRejected } from './load-error.js';
import type { SourceRow } from './read-rows.js';

/** Throws for the first row that does not fit. */
export type CheckRow = (row: SourceRow) => void;

/**
 * Compiles the JSON Schema of a route: draft 7, or 2020-12 when `$schema` says so.
 *
 * @throws ConfigurationError when it is no schema
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
    // Of CSV a copy, because text becomes numbers in it
    return validate(csv ? { ...(value as object) } : withPlainNumbers(value));
  } catch (error) {
    // The stack has an end, and JSON none
    if (error instanceof RangeError) {
      throw new FileRejected('nested too deep to be validated', place, { cause: error });
    }
    throw error;
  }
}

/** What `import` gives is the module itself or its default, by who loads it. */
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
