// What reads messages, events, pages and rows that others have written: every input is given to every decoder.
import { AlertKind, AlertLayout } from '../../src/contract/task-alerts.js';
import type { DispatchRule } from '../../src/contract/dispatch-config.js';
import type { LoadFormat } from '../../src/contract/load-route.js';
import { classify } from '../../src/handlers/dispatch-ingress/classify.js';
import { readObjectEvent } from '../../src/handlers/dispatch-ingress/object-event.js';
import { readRequest } from '../../src/handlers/dispatch-operator/request.js';
import { classify as alertOf } from '../../src/handlers/task-alerts/classify.js';
import { readEcsEvent } from '../../src/handlers/task-alerts/events.js';
import { findLinks } from '../../src/handlers/task-alerts/links.js';
import { renderBody, renderSubject } from '../../src/handlers/task-alerts/render.js';
import { RouteReader } from '../../src/runtime/database/file-rows.js';
import { ledgerFile } from '../../src/runtime/database/ledger.js';
import { FileworksError } from '../../src/runtime/errors.js';
import { ExportApiClient } from '../../src/runtime/exports/export-api-client.js';
import { cursorPages, linkPages, offsetPages } from '../../src/runtime/exports/pagination.js';
import { readBatch, readBatchJob } from '../../src/runtime/jobs/batch/batch-document.js';
import { checkFile, readDownloadTask, readExportJobRequest } from '../../src/runtime/jobs/export/export-messages.js';
import { decodeBody } from '../../src/runtime/queue/body-decoder.js';
import { decoderSeeds } from './decoder-seeds.ts';
import { mutateBytes } from './mutate.ts';
import { mutateJson } from './mutate-json.ts';
import type { FuzzTarget } from './target.ts';

/** More than any of them takes, also for what is nested deepest. */
const MAX_CPU_MS = 2_000;
export const maxBytes = 8_192;
const words = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\n',
  '\r\n',
  '\t',
  ';',
  '<',
  '>',
  '; rel="next"',
  '"id":',
  '"__proto__":',
  '\\u0000',
  '\\N',
  '\ufeff',
  '""',
  'null',
  '1e999',
  '[[[[',
].map((word) => Buffer.from(word));

export const seeds = (): readonly Buffer[] => decoderSeeds.map((seed) => Buffer.from(seed));

/** Half of the time as bytes, else as JSON: what is no JSON gets no further than its parser. */
export const mutate: FuzzTarget['mutate'] = (input, other, random) => {
  const json = random(4) === 0 ? undefined : mutateJson(input.toString(), other.toString(), random);
  return json === undefined
    ? mutateBytes(input, other, random, { words, maxBytes })
    : Buffer.from(json).subarray(0, maxBytes);
};

/**
 * What must hold for any bytes: an end within two seconds of processor time, a value of the documented shape or the
 * documented error, and the
 * prototypes of JavaScript as they were.
 */
export async function fuzz(data: Buffer): Promise<void> {
  const text = data.toString();
  const before = prototypes();
  for (const [name, decoder] of Object.entries(DECODERS)) {
    const cpu = process.cpuUsage();
    try {
      await decoder(text, data);
    } catch (error) {
      if (!isDocumented(name, error)) {
        throw new Error(`${name} throws ${String(error)}`, { cause: error });
      }
    }
    const { user, system } = process.cpuUsage(cpu);
    if (user + system > MAX_CPU_MS * 1_000) {
      throw new Error(`${name} took ${(user + system) / 1_000} ms`);
    }
    if (prototypes() !== before) {
      throw new Error(`${name} changes the prototypes of JavaScript`);
    }
  }
}

const DECODERS: Readonly<Record<string, (text: string, data: Buffer) => unknown>> = {
  'a message': (text) => holdDecoded(decodeBody(text, false)),
  'a message with a schema': (text) => holdDecoded(decodeBody(text, true)),
  'an export job': (text) => {
    for (const id of readExportJobRequest(parsed(text)).jobIds) {
      hold(typeof id === 'string', 'the id of a job');
    }
  },
  'a download task': (text) => {
    const { jobId, number, file } = readDownloadTask(parsed(text));
    hold(typeof jobId === 'string' && Number.isSafeInteger(number), 'a download task');
    holdFile(file);
  },
  'a file of a job': (text) => holdFile(checkFile(parsed(text))),
  'the job of a batch': (text) => {
    for (const value of Object.values(readBatchJob(parsed(text)))) {
      hold(typeof value === 'string', 'the job of a batch');
    }
  },
  'a batch': async (text) => {
    const client = { send: () => Promise.resolve({ Body: { transformToString: () => Promise.resolve(text) } }) };
    const { files, filing, resultKey } = await readBatch(client as never, { bucket: 'results', key: 'batch' });
    hold(
      files.every(({ key }) => typeof key === 'string') &&
        typeof resultKey === 'string' &&
        ['move', 'tag', 'none'].includes(filing.by),
      'a batch',
    );
  },
  'an event of S3': async (text) => {
    const event = readObjectEvent(text);
    if (event.kind === 'hidden') {
      return;
    }
    const arrival = await classify(event.record, { rules: RULES, unmatched: 'ignore' }, NOBODY);
    if (arrival === undefined) {
      return;
    }
    const texts = [
      arrival.id,
      arrival.type,
      arrival.order,
      arrival.correlationId,
      arrival.object.key,
      arrival.object.bucket,
    ];
    hold(
      texts.every((one) => typeof one === 'string' && one !== '') &&
        (arrival.notBefore === undefined || Number.isFinite(arrival.notBefore)),
      'an arrival',
    );
  },
  'an event of ECS': async (text) => {
    const alert = alertOf(readEcsEvent(parsed(text)), {
      kinds: new Set(Object.values(AlertKind)),
      expectedExitCodes: new Set([0, 143]),
    });
    if (alert === undefined) {
      return;
    }
    hold(/^[ -~]{1,100}$/.test(renderSubject(alert)), 'the subject of an alert');
    const links = await findLinks({ send: () => Promise.resolve({}) } as never, alert, undefined);
    for (const { url } of links) {
      hold(URL.canParse(url) && new URL(url).hostname.endsWith('.console.aws.amazon.com'), 'a link');
    }
    for (const layout of Object.values(AlertLayout)) {
      hold(typeof renderBody(layout, alert, { links }) === 'string', 'an alert');
    }
  },
  'what an operator asks': (text) => readRequest(parsed(text), Date.parse('2026-11-21T09:00:00Z'), 30),
  'pages by cursor': (text) => readPages(text, cursorPages()),
  'pages by offset': (text) => readPages(text, offsetPages()),
  'pages by link': (text) => readPages(text, linkPages({ items: 'items' })),
  'rows of JSON': (_, data) => readRows('json', data),
  'rows of JSON Lines': (_, data) => readRows('json-lines', data),
  'rows of CSV': (_, data) => readRows('csv', data),
};

/**
 * Handlers of events say RangeError for what they cannot read, except the engine's own; the operator's function, whose
 * caller reads it, says Error.
 */
function isDocumented(name: string, error: unknown): boolean {
  if (error instanceof FileworksError) {
    return true;
  }
  if (name === 'what an operator asks') {
    return (error as Error).constructor === Error;
  }
  return (
    ['a message', 'an event'].some((kind) => name.startsWith(kind)) &&
    error instanceof RangeError &&
    !error.message.startsWith('Maximum call stack')
  );
}

function hold(holds: boolean, what: string): void {
  if (!holds) {
    throw new TypeError(`${what} has not the documented shape`);
  }
}

function holdDecoded({ objects, type, correlationId, continuation }: ReturnType<typeof decodeBody>): void {
  hold(type === undefined || typeof type === 'string', 'the type of a message');
  hold(
    correlationId === undefined || /^[^\p{Cc}\p{Cs}]{1,256}$/u.test(correlationId),
    'the correlation id of a message',
  );
  hold(continuation === undefined || continuation.generation >= 1, 'a continuation');
  for (const object of objects) {
    const { bucket, key, size, ...texts } = object;
    hold(
      [bucket, key, ...Object.values(texts)].every((text) => typeof text === 'string') &&
        (size === undefined || Number.isSafeInteger(size)),
      'an object',
    );
    hold(/^[0-9a-f]{64}$/.test(ledgerFile(object, correlationId).id), 'a file');
  }
}

function holdFile({ id, url, size, sha256 }: ReturnType<typeof checkFile>): void {
  hold(
    [id, url].every((text) => typeof text === 'string') &&
      (size === undefined || Number.isSafeInteger(size)) &&
      (sha256 === undefined || typeof sha256 === 'string'),
    'a file',
  );
}

/** As the decoder of messages has parsed it before. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The server answers every request with the input, and with what the input says of status and headers. */
async function readPages(text: string, pagination: ReturnType<typeof cursorPages>): Promise<void> {
  const { status, ...told } = Object(parsed(text)) as Record<string, unknown>;
  const headers = ['link', 'location', 'retry-after'].flatMap((name): [string, string][] => {
    const value = typeof told[name] === 'string' ? told[name] : text;
    return [[name, value.replaceAll(/[^ -~]/g, '').slice(0, 8_192)]];
  });
  answer = () =>
    new Response(text, {
      status: typeof status === 'number' && [200, 302, 401, 404, 429].includes(status) ? status : 200,
      headers,
    });
  for await (const { items, next } of API.pages('jobs/1/files', { pagination })) {
    hold(strays.length === 0 && Array.isArray(items) && (next === undefined || typeof next === 'string'), 'a page');
  }
}

let answer: () => Response;
const strays: unknown[] = [];
const API = new ExportApiClient({
  baseUrl: 'https://api.example.com/v1/',
  maxAttempts: 1,
  maxPages: 5,
  credentials: { headers: () => Promise.resolve({ 'x-key': 'secret' }), renew: () => Promise.resolve(true) },
  fetch: (url, init) => {
    // What is thrown here would be a broken connection
    if (new URL(url).origin !== 'https://api.example.com' || new Headers(init?.headers).get('x-key') !== 'secret') {
      strays.push(url);
    }
    return Promise.resolve(answer());
  },
});

const COLUMNS = [{ name: 'id' }, { name: 'customer', source: '/customer/name' }, { name: 'document', source: '' }];
const SCHEMA = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: ['integer', 'string'] }, tree: { $ref: '#' } },
};
const READERS: Readonly<Record<LoadFormat, RouteReader>> = {
  json: new RouteReader({ format: 'json', table: 'orders', columns: COLUMNS, schema: SCHEMA }),
  'json-lines': new RouteReader({ format: 'json-lines', table: 'orders', columns: COLUMNS, schema: SCHEMA }),
  csv: new RouteReader({
    format: 'csv',
    table: 'orders',
    columns: [{ name: 'id' }, { name: 'customer' }, { name: 'constructor' }],
    schema: SCHEMA,
  }),
};

/** A row of the file is a row of COPY: nothing in it can end one, or begin a column. */
async function readRows(format: LoadFormat, data: Buffer): Promise<void> {
  const { chunks, places } = READERS[format].read(pieces(data));
  let lines = 0;
  for await (const chunk of chunks) {
    for (const line of chunk.toString().split('\n').slice(0, -1)) {
      lines += 1;
      hold(line.split('\t').length === 3 && !line.includes('\r') && line !== '\\.', 'a row');
    }
  }
  hold(lines === places.rows, 'the number of rows');
}

async function* pieces(data: Buffer): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < data.length; at += 4_099) {
    yield await Promise.resolve(data.subarray(at, at + 4_099));
  }
}

const rule = (type: string, keys: string[], more: Partial<DispatchRule> = {}): DispatchRule => ({
  type,
  keys,
  slots: 1,
  settleSeconds: 5,
  late: 'run-next',
  maxAttempts: 3,
  exhausted: 'block',
  backoffSeconds: 30,
  maxBackoffSeconds: 900,
  hangTimeoutSeconds: 900,
  maxRuntimeSeconds: 3_600,
  ...more,
});
const RULES = [
  rule('A', [String.raw`^incoming\/a\/(?<customer>[^/]+)\/(?<number>[^/]+)\.csv$`], {
    sequencePart: 'customer',
    orderPart: 'number',
  }),
  rule('B', [String.raw`^incoming\/(?<a>[^/]+)-(?<b>[^/]+)-(?<c>[^/]+)-(?<d>[^/]+)\.csv$`], { sequencePart: 'a' }),
  rule('C', ['^.*b.*b.*b.*$'], { minSize: 1, slots: 0 }),
  rule('D', ['^.*$']),
];
/** No rule asks for more than the key. */
const NOBODY = undefined as never;

const BUILT_IN: readonly { readonly prototype: object }[] = [
  Object,
  Array,
  Function,
  String,
  Number,
  Boolean,
  Map,
  Set,
  Promise,
];
const prototypes = () => BUILT_IN.map(({ prototype }) => Reflect.ownKeys(prototype).length).join();
