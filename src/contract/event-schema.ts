/**
 * JSON Schemas of events, in draft 4: the EventBridge schema registry accepts JSONSchemaDraft4 and OpenApi3, of which
 * validators support the former.
 *
 * The schemas allow unknown properties, which readers ignore. Tests disallow them, so that every property of an event
 * is in its schema.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-schema.html
 */
export interface JsonSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly minLength?: number;
  readonly format?: 'date-time';
}

/** The schema of a whole event, including the EventBridge envelope. */
export interface EventSchema extends JsonSchema {
  readonly $schema: 'http://json-schema.org/draft-04/schema#';
  readonly title: string;
  readonly 'x-amazon-events-source': string;
  readonly 'x-amazon-events-detail-type': string;
}

type Name<Shape> = keyof Shape & string;

/** A schema with exactly the properties of `Shape`; all are required except `optional`. */
export function objectSchema<Shape>(
  properties: Readonly<Record<Name<Shape>, JsonSchema>>,
  optional: readonly Name<Shape>[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !(optional as readonly string[]).includes(name));
  return { type: 'object', required, properties };
}

/** @see https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
export function eventSchema(source: string, detailType: string, detail: JsonSchema): EventSchema {
  const text: JsonSchema = { type: 'string' };
  return {
    $schema: 'http://json-schema.org/draft-04/schema#',
    title: detailType.replaceAll(' ', ''),
    'x-amazon-events-source': source,
    'x-amazon-events-detail-type': detailType,
    type: 'object',
    required: ['version', 'id', 'detail-type', 'source', 'account', 'time', 'region', 'resources', 'detail'],
    properties: {
      version: { type: 'string', enum: ['0'] },
      id: text,
      'detail-type': { type: 'string', enum: [detailType] },
      source: { type: 'string', enum: [source] },
      account: text,
      time: { type: 'string', format: 'date-time' },
      region: text,
      resources: { type: 'array', items: text },
      detail,
    },
  };
}
