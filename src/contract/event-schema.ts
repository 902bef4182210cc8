/**
 * JSON Schemas of events, of draft 4: the registry of EventBridge takes JSONSchemaDraft4 and OpenApi3, and of these two
 * it is the one that validators read.
 *
 * They are open, as readers pass over what they do not know; tests close them, so that an event has nothing that its
 * schema does not name.
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

/** The schema of a whole event, with what EventBridge puts around its detail. */
export interface EventSchema extends JsonSchema {
  readonly $schema: 'http://json-schema.org/draft-04/schema#';
  readonly title: string;
  readonly 'x-amazon-events-source': string;
  readonly 'x-amazon-events-detail-type': string;
}

type Name<Shape> = keyof Shape & string;

/** The properties of `Shape`, each of them and no other; required but for `optional`. */
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
