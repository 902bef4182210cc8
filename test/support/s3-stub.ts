import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';

/** An object as the stub keeps it. */
export interface StubObject {
  readonly body: Buffer;
  readonly etag: string;
  readonly headers: Record<string, string>;
}

interface StubUpload {
  readonly key: string;
  readonly headers: Record<string, string>;
  readonly algorithm: string;
  readonly type: string;
  readonly initiated: Date;
  readonly parts: Map<number, Buffer>;
}

/** One request, for assertions. */
export interface StubRequest {
  /** The name of the S3 action, such as `PutObject`. */
  readonly action: string;
  readonly bucket: string;
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
  readonly bodyBytes: number;
  /** Counts the requests of this action from 1. */
  readonly count: number;
}

/**
 * A fault instead of the answer. `after`: it takes effect, and then fails. `cutAfter`: the body ends there
 * and the connection breaks.
 */
export interface StubFault {
  readonly status?: number;
  readonly code?: string;
  readonly after?: boolean;
  readonly cutAfter?: number;
  readonly hang?: boolean;
}

/**
 * The part of S3 that storage and archives use, over HTTP, so that the real SDK talks to it: conditional writes,
 * ranges, multipart uploads, full-object CRC32 and composite SHA-256, all verified as S3 does. Tests inject faults and
 * inspect the requests.
 */
export class S3Stub {
  readonly objects = new Map<string, StubObject>();
  readonly uploads = new Map<string, StubUpload>();
  readonly requests: StubRequest[] = [];
  /** Whether `requests` are kept; a bench makes too many. */
  remembers = true;
  /** Bytes of bodies, received and sent. */
  received = 0;
  sent = 0;
  fault: (request: StubRequest) => StubFault | undefined = () => undefined;
  /** Milliseconds before every answer. */
  latencyMs = 0;
  readonly #counts = new Map<string, number>();
  readonly #server: Server;
  readonly #clients: S3Client[] = [];

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        if (error instanceof StubError) {
          fail(response, error);
        } else {
          response.destroy(error as Error);
        }
      });
    });
  }

  static async start(): Promise<S3Stub> {
    const stub = new S3Stub();
    await new Promise<void>((resolve) => stub.#server.listen(0, '127.0.0.1', resolve));
    return stub;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  client(maxAttempts = 3): S3Client {
    const client = new S3Client({
      endpoint: this.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts,
      credentials: { accessKeyId: 'stub', secretAccessKey: 'stub' },
    });
    this.#clients.push(client);
    return client;
  }

  /** Number of requests of an action. */
  count(action: string): number {
    return this.#counts.get(action) ?? 0;
  }

  forget(): void {
    this.requests.length = 0;
    this.#counts.clear();
    this.received = 0;
    this.sent = 0;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) {
      client.destroy();
    }
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stub');
    const [bucket = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const pieces: Buffer[] = [];
    for await (const piece of request) {
      pieces.push(piece as Buffer);
    }
    const body = Buffer.concat(pieces);
    this.received += body.length;
    const action = actionOf(request.method ?? 'GET', url, key);
    const count = this.count(action) + 1;
    this.#counts.set(action, count);
    const seen: StubRequest = { action, bucket, key, headers: request.headers, bodyBytes: body.length, count };
    if (this.remembers) {
      this.requests.push(seen);
    }
    if (this.latencyMs > 0) {
      await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
    }
    const fault = this.fault(seen);
    if (fault?.hang === true) {
      return;
    }
    if (fault?.status !== undefined && fault.after !== true) {
      throw new StubError(fault.status, fault.code ?? 'Fault');
    }
    const answer = this.#answer(action, `${bucket}/${key}`, url, request.headers, body);
    if (fault?.after === true) {
      throw new StubError(fault.status ?? 500, fault.code ?? 'Fault');
    }
    response.writeHead(answer.status ?? 200, {
      'content-length': answer.length ?? answer.body?.length ?? 0,
      ...answer.headers,
    });
    const sent = answer.body ?? Buffer.alloc(0);
    this.sent += Math.min(sent.length, fault?.cutAfter ?? Infinity);
    if (fault?.cutAfter === undefined) {
      response.end(sent);
      return;
    }
    response.write(sent.subarray(0, fault.cutAfter), () => setTimeout(() => response.destroy(), 5));
  }

  #answer(action: string, path: string, url: URL, headers: IncomingMessage['headers'], body: Buffer): StubAnswer {
    const header = (name: string): string | undefined => headers[name] as string | undefined;
    switch (action) {
      case 'PutObject':
        this.#mayWrite(path, header('if-none-match'), header('if-match'));
        verifyChecksum(body, headers);
        return {
          headers: {
            etag: this.#store(path, body, {
              ...kept(headers),
              ...checksumHeaders(body, headers),
              'x-amz-checksum-type': 'FULL_OBJECT',
            }),
          },
        };
      case 'HeadObject':
      case 'GetObject':
        return this.#read(action, path, headers);
      case 'CreateMultipartUpload': {
        const id = randomUUID();
        this.uploads.set(id, {
          key: path,
          headers: kept(headers),
          initiated: new Date(),
          parts: new Map(),
          algorithm: header('x-amz-checksum-algorithm') ?? 'CRC64NVME',
          type: header('x-amz-checksum-type') ?? 'COMPOSITE',
        });
        return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
      }
      case 'UploadPart': {
        const upload = this.#upload(url, path);
        verifyChecksum(body, headers);
        upload.parts.set(Number(url.searchParams.get('partNumber')), body);
        return { headers: { etag: etagOf(body) } };
      }
      case 'CompleteMultipartUpload':
        return this.#complete(url, path, headers, body.toString());
      case 'AbortMultipartUpload':
        this.#upload(url, path);
        this.uploads.delete(url.searchParams.get('uploadId') ?? '');
        return { status: 204 };
      case 'ListParts': {
        const upload = this.#upload(url, path);
        const parts = [...upload.parts]
          .sort(([a], [b]) => a - b)
          .map(
            ([number, part]) =>
              `<Part><PartNumber>${number}</PartNumber><ETag>${etagOf(part)}</ETag><Size>${part.length}</Size>${checksumXml(part, upload.algorithm)}</Part>`,
          );
        return xml(`<ListPartsResult><IsTruncated>false</IsTruncated>${parts.join('')}</ListPartsResult>`);
      }
      case 'ListMultipartUploads': {
        const prefix = `${path}${url.searchParams.get('prefix') ?? ''}`;
        const uploads = [...this.uploads]
          .filter(([, upload]) => upload.key.startsWith(prefix))
          .map(
            ([id, upload]) =>
              `<Upload><Key>${upload.key.slice(path.length)}</Key><UploadId>${id}</UploadId><Initiated>${upload.initiated.toISOString()}</Initiated>` +
              `<ChecksumAlgorithm>${upload.algorithm}</ChecksumAlgorithm><ChecksumType>${upload.type}</ChecksumType></Upload>`,
          );
        return xml(`<ListMultipartUploadsResult>${uploads.join('')}</ListMultipartUploadsResult>`);
      }
      case 'ListObjectsV2': {
        const prefix = `${path}${url.searchParams.get('prefix') ?? ''}`;
        const listed = [...this.objects.keys()]
          .filter((key) => key.startsWith(prefix))
          .sort()
          .map((key) => `<Contents><Key>${key.slice(path.length)}</Key></Contents>`);
        return xml(`<ListBucketResult><IsTruncated>false</IsTruncated>${listed.join('')}</ListBucketResult>`);
      }
      case 'DeleteObject':
        this.objects.delete(path);
        return { status: 204 };
      default:
        throw new StubError(501, 'NotImplemented');
    }
  }

  #mayWrite(path: string, ifNoneMatch: string | undefined, ifMatch: string | undefined): void {
    const there = this.objects.get(path);
    if (ifNoneMatch === '*' && there !== undefined) {
      throw new StubError(412, 'PreconditionFailed');
    }
    if (ifMatch !== undefined && there === undefined) {
      throw new StubError(404, 'NoSuchKey');
    }
    if (ifMatch !== undefined && there?.etag !== ifMatch) {
      throw new StubError(412, 'PreconditionFailed');
    }
  }

  #store(path: string, body: Buffer, headers: Record<string, string>, etag = etagOf(body)): string {
    this.objects.set(path, { body, etag, headers });
    return etag;
  }

  #read(action: string, path: string, headers: IncomingMessage['headers']): StubAnswer {
    const object = this.objects.get(path);
    if (object === undefined) {
      throw new StubError(404, action === 'HeadObject' ? 'NotFound' : 'NoSuchKey');
    }
    if (headers['if-match'] !== undefined && headers['if-match'] !== object.etag) {
      throw new StubError(412, 'PreconditionFailed');
    }
    const common = { ...object.headers, etag: object.etag, 'accept-ranges': 'bytes' };
    if (action === 'HeadObject') {
      return { headers: common, length: object.body.length };
    }
    const range = /^bytes=(?<from>\d*)-(?<to>\d*)$/.exec(headers.range ?? '')?.groups;
    if (range === undefined) {
      return { headers: common, body: object.body };
    }
    const { from = '', to = '' } = range;
    const size = object.body.length;
    const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
    const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1);
    if (start >= size) {
      throw new StubError(416, 'InvalidRange');
    }
    const withoutChecksum = Object.fromEntries(
      Object.entries(common).filter(([name]) => !name.startsWith('x-amz-checksum')),
    );
    return {
      status: 206,
      headers: { ...withoutChecksum, 'content-range': `bytes ${start}-${end - 1}/${size}` },
      body: object.body.subarray(start, end),
    };
  }

  #upload(url: URL, path: string): StubUpload {
    const upload = this.uploads.get(url.searchParams.get('uploadId') ?? '');
    if (upload?.key !== path) {
      throw new StubError(404, 'NoSuchUpload');
    }
    return upload;
  }

  #complete(url: URL, path: string, headers: IncomingMessage['headers'], body: string): StubAnswer {
    const upload = this.#upload(url, path);
    const listed = [...body.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
      etag: /<ETag>(.*?)</.exec(part)?.[1]?.replaceAll('&quot;', '"'),
    }));
    const parts = listed.map(({ number, etag }) => {
      const part = upload.parts.get(number);
      if (part === undefined || etagOf(part) !== etag) {
        throw new StubError(400, 'InvalidPart');
      }
      return part;
    });
    if (parts.slice(0, -1).some((part) => part.length < 5 * 1024 * 1024)) {
      throw new StubError(400, 'EntityTooSmall');
    }
    const whole = Buffer.concat(parts);
    if (headers['x-amz-mp-object-size'] !== undefined && Number(headers['x-amz-mp-object-size']) !== whole.length) {
      throw new StubError(400, 'InvalidRequest');
    }
    if ((headers['x-amz-checksum-type'] ?? upload.type) !== upload.type) {
      throw new StubError(400, 'BadDigest');
    }
    if (upload.type === 'FULL_OBJECT') {
      verifyChecksum(whole, headers);
    }
    this.#mayWrite(path, headers['if-none-match'], headers['if-match']);
    this.uploads.delete(url.searchParams.get('uploadId') ?? '');
    const composite = `${createHash('sha256')
      .update(Buffer.concat(parts.map((part) => createHash('sha256').update(part).digest())))
      .digest('base64')}-${parts.length}`;
    const checksum: Record<string, string> =
      upload.algorithm === 'CRC32' && upload.type === 'FULL_OBJECT'
        ? { 'x-amz-checksum-crc32': crcOf(whole) }
        : upload.algorithm === 'SHA256'
          ? { 'x-amz-checksum-sha256': composite }
          : {};
    const etag = `"${createHash('md5')
      .update(Buffer.concat(parts.map((part) => createHash('md5').update(part).digest())))
      .digest('hex')}-${parts.length}"`;
    this.#store(path, whole, { ...upload.headers, ...checksum, 'x-amz-checksum-type': upload.type }, etag);
    return xml(
      `<CompleteMultipartUploadResult><ETag>${etag.replaceAll('"', '&quot;')}</ETag></CompleteMultipartUploadResult>`,
    );
  }
}

interface StubAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
  readonly length?: number;
}

class StubError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

function fail(response: ServerResponse, error: StubError): void {
  const body = `<Error><Code>${error.code}</Code><Message>${error.code}</Message></Error>`;
  response.writeHead(error.status, { 'content-type': 'application/xml', 'content-length': body.length });
  response.end(body);
}

function xml(content: string): StubAnswer {
  return {
    headers: { 'content-type': 'application/xml' },
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${content}`),
  };
}

function actionOf(method: string, url: URL, key: string): string {
  const query = url.searchParams;
  if (query.has('uploads')) {
    return method === 'POST' ? 'CreateMultipartUpload' : 'ListMultipartUploads';
  }
  if (query.has('uploadId')) {
    return (
      { PUT: 'UploadPart', POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload', GET: 'ListParts' }[
        method
      ] ?? method
    );
  }
  if (key === '') {
    return query.get('list-type') === '2' ? 'ListObjectsV2' : method;
  }
  return { PUT: 'PutObject', GET: 'GetObject', HEAD: 'HeadObject', DELETE: 'DeleteObject' }[method] ?? method;
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

function crcOf(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
}

function shaOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('base64');
}

function verifyChecksum(body: Buffer, headers: IncomingMessage['headers']): void {
  const crc = headers['x-amz-checksum-crc32'];
  const sha = headers['x-amz-checksum-sha256'];
  if ((crc !== undefined && crc !== crcOf(body)) || (sha !== undefined && sha !== shaOf(body))) {
    throw new StubError(400, 'BadDigest');
  }
}

function checksumHeaders(body: Buffer, headers: IncomingMessage['headers']): Record<string, string> {
  return headers['x-amz-checksum-sha256'] === undefined
    ? { 'x-amz-checksum-crc32': crcOf(body) }
    : { 'x-amz-checksum-sha256': shaOf(body) };
}

function checksumXml(body: Buffer, algorithm: string): string {
  return algorithm === 'SHA256'
    ? `<ChecksumSHA256>${shaOf(body)}</ChecksumSHA256>`
    : `<ChecksumCRC32>${crcOf(body)}</ChecksumCRC32>`;
}

const KEPT =
  /^(?:content-(?:type|encoding|disposition)|cache-control|x-amz-(?:meta-.*|tagging|server-side-encryption.*|storage-class))$/;

function kept(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT.test(name))) as Record<string, string>;
}
