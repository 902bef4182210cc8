import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { BatchEventSchemas } from '../../src/contract/batch-event-schema';
import type { EventSchema, JsonSchema } from '../../src/contract/event-schema';
import { ExportEventSchemas } from '../../src/contract/export-event-schema';

export const eventSchemas: Readonly<Record<string, EventSchema>> = { ...ExportEventSchemas, ...BatchEventSchemas };

const ajv = new Ajv({ allErrors: true, strict: true });
ajv.addVocabulary(['x-amazon-events-source', 'x-amazon-events-detail-type']);
addFormats(ajv);

/** The same schema, without additional properties. */
function closed(schema: JsonSchema): object {
  return {
    ...schema,
    ...(schema.items && { items: closed(schema.items) }),
    ...(schema.properties && {
      properties: Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, closed(one)])),
      additionalProperties: false,
    }),
  };
}

const problemsBy = (schema: object) => {
  const validate = ajv.compile(schema);
  return (event: unknown) =>
    validate(event)
      ? []
      : (validate.errors ?? []).map(
          ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
        );
};

type Problems = (event: unknown) => string[];
const problemsOfEach = (form: (schema: EventSchema) => object): Partial<Record<string, Problems>> =>
  Object.fromEntries(Object.entries(eventSchemas).map(([type, schema]) => [type, problemsBy(form(schema))]));

export const publishedProblems = problemsOfEach((schema) => schema) as Record<string, Problems>;
const closedProblems = problemsOfEach(closed);

/** The event that EventBridge makes from an entry of PutEvents. */
export function delivered(source: string, detailType: string, detail: unknown): Record<string, unknown> {
  const envelope = {
    version: '0',
    id: '6a7e8feb',
    account: '111122223333',
    time: '2026-11-21T10:00:00Z',
    region: 'us-east-1',
    resources: [],
  };
  return { ...envelope, source, 'detail-type': detailType, detail };
}

/** Expects an event to match its schema, without additional properties. */
export function expectToFitItsSchema(event: Readonly<Record<string, unknown>>): void {
  const problems = closedProblems[String(event['detail-type'])];
  if (!problems) {
    throw new Error(`no schema for ${String(event['detail-type'])}`);
  }
  // As JSON, in which a property that is undefined is none.
  expect(problems(JSON.parse(JSON.stringify(event)))).toEqual([]);
}
