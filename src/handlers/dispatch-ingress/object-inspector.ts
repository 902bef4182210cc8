import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectTaggingCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { MatchAnswer, MatchRequest } from '../../contract/dispatch-config';
import type { ObjectNews } from './object-event';

export interface Inspectors {
  readonly s3: S3Client;
  readonly lambda: LambdaClient;
}

export interface ObjectHead {
  /** Media type without parameters, in lower case. */
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The version that an event tells of was deleted or overwritten. */
export class ObjectGone extends Error {}

/**
 * Finds out what the event of an object does not tell; asks for nothing twice, and for nothing that no rule is about.
 */
export class ObjectInspector {
  readonly #clients: Inspectors;
  readonly #news: ObjectNews;
  #head: Promise<ObjectHead> | undefined;
  #tags: Promise<Readonly<Record<string, string>>> | undefined;

  constructor(clients: Inspectors, news: ObjectNews) {
    this.#clients = clients;
    this.#news = news;
  }

  /** @throws ObjectGone */
  head(): Promise<ObjectHead> {
    return (this.#head ??= this.#askHead());
  }

  /** @throws ObjectGone */
  tags(): Promise<Readonly<Record<string, string>>> {
    return (this.#tags ??= this.#askTags());
  }

  /** What the match function of a type says. @throws Error when it fails, or answers anything else than it should */
  async ask(functionArn: string, type: string): Promise<MatchAnswer> {
    const {
      correlationId,
      time,
      object: { bucket, key, size, etag, versionId },
    } = this.#news;
    const request: MatchRequest = { type, correlationId, time, object: { bucket, key, size, etag, versionId } };
    const invocation = new InvokeCommand({ FunctionName: functionArn, Payload: JSON.stringify(request) });
    const { FunctionError: error, Payload: payload } = await this.#clients.lambda.send(invocation);
    const text = payload?.transformToString() ?? '';
    if (error !== undefined) {
      throw new Error(`the match function of type ${type} failed: ${text.slice(0, 500)}`);
    }
    return read(text, type);
  }

  async #askHead(): Promise<ObjectHead> {
    const { bucket, key, versionId, etag } = this.#news.object;
    // Without versions, the key may hold other bytes by now
    const version = versionId === undefined ? etag !== undefined && { IfMatch: `"${etag}"` } : { VersionId: versionId };
    const { ContentType: type = '', Metadata: metadata = {} } = await orGone(
      this.#clients.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ...version })),
    );
    return { contentType: type.split(';', 1)[0].trim().toLowerCase(), metadata };
  }

  async #askTags(): Promise<Readonly<Record<string, string>>> {
    const { bucket, key, versionId } = this.#news.object;
    const { TagSet: tags = [] } = await orGone(
      this.#clients.s3.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key, VersionId: versionId })),
    );
    return Object.fromEntries(tags.map(({ Key: name = '', Value: value = '' }) => [name, value]));
  }
}

/** 404: deleted. 405: the version is a delete marker. 412: overwritten. */
const GONE_CODES: ReadonlySet<number | undefined> = new Set([404, 405, 412]);

async function orGone<T>(answer: Promise<T>): Promise<T> {
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
      `expected the match function of type ${type} to answer {"match": boolean, "parts"?: {name: text}}, got: ${text.slice(0, 200)}`,
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
