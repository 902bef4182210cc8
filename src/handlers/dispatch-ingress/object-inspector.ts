import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectTaggingCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { MatchAnswer, MatchRequest } from '../../contract/dispatch-config';
import type { ObjectEventRecord } from './object-event';

export interface Inspectors {
  readonly s3: S3Client;
  readonly lambda: LambdaClient;
}

export interface ObjectHead {
  /** Media type without parameters, in lower case. */
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The version of the event was deleted or overwritten. */
export class ObjectGone extends Error {}

/** Reads properties of an object that its event does not contain, on demand and at most once. */
export class ObjectInspector {
  readonly #clients: Inspectors;
  readonly #record: ObjectEventRecord;
  #head: Promise<ObjectHead> | undefined;
  #tags: Promise<Readonly<Record<string, string>>> | undefined;

  constructor(clients: Inspectors, record: ObjectEventRecord) {
    this.#clients = clients;
    this.#record = record;
  }

  /** @throws ObjectGone */
  head(): Promise<ObjectHead> {
    return (this.#head ??= this.#readHead());
  }

  /** @throws ObjectGone */
  tags(): Promise<Readonly<Record<string, string>>> {
    return (this.#tags ??= this.#readTags());
  }

  /** Invokes the match function of a type. @throws Error if it fails or returns an invalid response */
  async invokeMatcher(functionArn: string, type: string): Promise<MatchAnswer> {
    const {
      correlationId,
      time,
      object: { bucket, key, size, etag, versionId },
    } = this.#record;
    const request: MatchRequest = { type, correlationId, time, object: { bucket, key, size, etag, versionId } };
    const invocation = new InvokeCommand({ FunctionName: functionArn, Payload: JSON.stringify(request) });
    const { FunctionError: error, Payload: payload } = await this.#clients.lambda.send(invocation);
    const text = payload?.transformToString() ?? '';
    if (error !== undefined) {
      throw new Error(`the match function of type ${type} failed: ${text.slice(0, 500)}`);
    }
    return read(text, type);
  }

  async #readHead(): Promise<ObjectHead> {
    const { bucket, key, versionId, etag } = this.#record.object;
    // Without versioning, the object may have been overwritten since the event
    const version = versionId === undefined ? etag !== undefined && { IfMatch: `"${etag}"` } : { VersionId: versionId };
    const { ContentType: type = '', Metadata: metadata = {} } = await orObjectGone(
      this.#clients.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ...version })),
    );
    return { contentType: type.split(';', 1)[0].trim().toLowerCase(), metadata };
  }

  async #readTags(): Promise<Readonly<Record<string, string>>> {
    const { bucket, key, versionId } = this.#record.object;
    const { TagSet: tags = [] } = await orObjectGone(
      this.#clients.s3.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key, VersionId: versionId })),
    );
    return Object.fromEntries(tags.map(({ Key: name = '', Value: value = '' }) => [name, value]));
  }
}

/** 404: deleted. 405: the version is a delete marker. 412: overwritten. */
const GONE_CODES: ReadonlySet<number | undefined> = new Set([404, 405, 412]);

async function orObjectGone<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (GONE_CODES.has((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode)) {
      throw new ObjectGone('the object was deleted or overwritten before it was registered', { cause: error });
    }
    throw error;
  }
}

function read(text: string, type: string): MatchAnswer {
  const answer = parse(text) as { match?: unknown; parts?: unknown } | null;
  const parts = answer?.parts ?? {};
  if (
    typeof answer?.match !== 'boolean' ||
    typeof parts !== 'object' ||
    !Object.values(parts).every((part) => typeof part === 'string')
  ) {
    throw new Error(
      `expected the match function of type ${type} to return {"match": boolean, "parts"?: {name: text}}, got: ${text.slice(0, 200)}`,
    );
  }
  return { match: answer.match, parts: parts as Record<string, string> };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
