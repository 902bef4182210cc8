import type { FileStatus } from '../../runtime/dispatch/rows';

export const LISTABLE = [
  'queued',
  'starting',
  'running',
  'waiting',
  'blocked',
  'parked',
] as const satisfies readonly FileStatus[];
const ACTIONS = [
  'list',
  'sequences',
  'sequence',
  'show',
  'redrive',
  'skip',
  'cancel',
  'reprocess',
  'pause',
  'resume',
  'drive',
  'reconcile',
] as const;
const SEQUENCE_STATUSES = ['blocked', 'queued'] as const satisfies readonly FileStatus[];
const MAX_LISTED = 1_000;
const MAX_SEQUENCES = 100;

/** Continuation marker of a bucket listing. */
export interface ListingMarker {
  readonly key: string;
  readonly version?: string;
}

/** Continuation marker of a list of files or sequences. */
export interface FileMarker {
  readonly sequence?: string;
  readonly order: string;
  readonly id: string;
}

/** A request of an operator; the documented input of the function. `by` names the requester in the log. */
export type OperatorRequest = { readonly by?: string } & (
  | {
      readonly action: 'list';
      readonly type: string;
      readonly status: (typeof LISTABLE)[number];
      /** Only files of this sequence. */
      readonly sequence?: string;
      readonly limit: number;
      /** `next` of the previous response. */
      readonly after?: FileMarker;
    }
  | {
      readonly action: 'sequences';
      /** Absent: every type. */
      readonly type?: string;
      /** Sequences with a blocked file, or with queued ones. */
      readonly status: (typeof SEQUENCE_STATUSES)[number];
      readonly limit: number;
      /** `next` of the previous response. */
      readonly after?: FileMarker;
    }
  | { readonly action: 'sequence'; readonly sequence: string; readonly limit: number }
  | { readonly action: 'show'; readonly file: string }
  | { readonly action: 'show'; readonly bucket: string; readonly key: string; readonly versionId?: string }
  | { readonly action: 'redrive'; readonly file: string }
  | { readonly action: 'skip' | 'cancel' | 'reprocess'; readonly file: string; readonly reason: string }
  | { readonly action: 'pause'; readonly scope: string; readonly reason: string }
  | { readonly action: 'resume'; readonly scope: string }
  | { readonly action: 'drive'; readonly sequence: string }
  | ReconcileRequest
);

export interface ReconcileRequest {
  readonly action: 'reconcile';
  readonly bucket: string;
  readonly prefix: string;
  /** Objects modified earlier are ignored; ISO 8601. */
  readonly since: string;
  /** Objects modified later are ignored; ISO 8601. */
  readonly until?: string;
  /** Include every version of an object, not only the latest; for types that process each version. */
  readonly versions: boolean;
  /** Only reports missing objects, without registering them. */
  readonly dryRun: boolean;
  /** Maximum missing objects of this call; absent: no maximum. */
  readonly limit?: number;
  /** `next` of the previous response. */
  readonly after?: ListingMarker;
}

/**
 * Reads the input of the function.
 *
 * @param maxAgeDays guaranteed retention of rows: older objects would appear to be missing
 * @throws Error for an invalid request, with a message for the caller of the function
 */
export function readRequest(input: unknown, now: number, maxAgeDays: number): OperatorRequest {
  const fields = input as Readonly<Record<string, unknown>> | null;
  if (typeof fields !== 'object' || fields === null) {
    throw new Error('the input must be a JSON object with an action');
  }
  const by = fields.by === undefined ? {} : { by: text(fields, 'by') };
  const action = oneOf(fields, 'action', ACTIONS);
  switch (action) {
    case 'list':
      return {
        ...by,
        action,
        type: text(fields, 'type'),
        status: oneOf(fields, 'status', LISTABLE),
        ...(fields.sequence !== undefined && { sequence: text(fields, 'sequence') }),
        limit: limitOf(fields),
        ...(fields.after !== undefined && { after: readFileMarker(fields.after) }),
      };
    case 'sequences':
      return {
        ...by,
        action,
        ...(fields.type !== undefined && { type: text(fields, 'type') }),
        status: oneOf(fields, 'status', SEQUENCE_STATUSES),
        limit: limitOf(fields, MAX_SEQUENCES),
        ...(fields.after !== undefined && { after: readFileMarker(fields.after) }),
      };
    case 'sequence':
      return { ...by, action, sequence: text(fields, 'sequence'), limit: limitOf(fields, MAX_SEQUENCES) };
    case 'show':
      return {
        ...by,
        action,
        ...(fields.file !== undefined
          ? { file: text(fields, 'file') }
          : {
              bucket: text(fields, 'bucket'),
              key: text(fields, 'key'),
              ...(fields.versionId !== undefined && { versionId: text(fields, 'versionId') }),
            }),
      };
    case 'redrive':
      return { ...by, action, file: text(fields, 'file') };
    case 'skip':
    case 'cancel':
    case 'reprocess':
      return { ...by, action, file: text(fields, 'file'), reason: text(fields, 'reason') };
    case 'pause':
      return { ...by, action, scope: text(fields, 'scope'), reason: text(fields, 'reason') };
    case 'resume':
      return { ...by, action, scope: text(fields, 'scope') };
    case 'drive':
      return { ...by, action, sequence: text(fields, 'sequence') };
    case 'reconcile':
      return { ...by, ...readReconcile(fields, now, maxAgeDays) };
  }
}

function readReconcile(fields: Readonly<Record<string, unknown>>, now: number, maxAgeDays: number): ReconcileRequest {
  const since = text(fields, 'since');
  const oldest = now - maxAgeDays * 86_400_000;
  // Comparisons with an invalid time are false
  if (!(Date.parse(since) >= oldest)) {
    throw new Error(
      `since must be a time in ISO 8601 and at most ${maxAgeDays} days ago, got: ${since}; rows of older files may have expired, and the files would run again`,
    );
  }
  return {
    action: 'reconcile',
    bucket: text(fields, 'bucket'),
    prefix: fields.prefix === undefined || fields.prefix === '' ? '' : text(fields, 'prefix'),
    since,
    versions: flag(fields, 'versions'),
    dryRun: flag(fields, 'dryRun'),
    ...(fields.until !== undefined && { until: timeOf(fields, 'until') }),
    ...(fields.limit !== undefined && { limit: limitOf(fields) }),
    ...(fields.after !== undefined && { after: readMarker(fields.after) }),
  };
}

function timeOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const time = text(fields, name);
  if (Number.isNaN(Date.parse(time))) {
    throw new Error(`${name} must be a time in ISO 8601, got: ${time}`);
  }
  return time;
}

function readFileMarker(value: unknown): FileMarker {
  const fields = markerFields(value);
  const order = fields.order;
  if (typeof order !== 'string' || order.length > 1_024) {
    throw new Error('after must be the next of a previous response');
  }
  return {
    order,
    id: text(fields, 'id'),
    ...(fields.sequence !== undefined && { sequence: text(fields, 'sequence') }),
  };
}

function markerFields(value: unknown): Readonly<Record<string, unknown>> {
  const fields = value as Readonly<Record<string, unknown>> | null;
  if (typeof fields !== 'object' || fields === null) {
    throw new Error('after must be the next of a previous response');
  }
  return fields;
}

function readMarker(value: unknown): ListingMarker {
  const fields = markerFields(value);
  return { key: text(fields, 'key'), ...(fields.version !== undefined && { version: text(fields, 'version') }) };
}

function text(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '' || value.length > 1_024) {
    throw new Error(`${name} must be text of 1 to 1,024 characters`);
  }
  return value;
}

function flag(fields: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value !== 'boolean') {
    throw new Error(`${name} must be true or false`);
  }
  return value;
}

function oneOf<T extends string>(fields: Readonly<Record<string, unknown>>, name: string, values: readonly T[]): T {
  const value = values.find((one) => one === fields[name]);
  if (value === undefined) {
    throw new Error(`${name} must be one of ${values.join(', ')}, got: ${shown(fields[name])}`);
  }
  return value;
}

function limitOf({ limit = 100 }: Readonly<Record<string, unknown>>, max = MAX_LISTED): number {
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > max) {
    throw new Error(`limit must be a whole number from 1 to ${max}, got: ${shown(limit)}`);
  }
  return limit;
}

/** The value of strings and numbers, the type of everything else, which may not be convertible to a string. */
const shown = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 100) : typeof value;
