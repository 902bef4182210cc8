import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

/**
 * A small SQS for standard queues, for the real SDK, with latency and faults. It imports nothing of the runtime, so
 * that benches and tests measure the worker against code of its own.
 */

export type Fault =
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Closes the connection without an answer, before or after the call took effect. */
  | { readonly kind: 'reset'; readonly afterEffect?: boolean }
  | { readonly kind: 'status'; readonly status: number; readonly code: string }
  /** Answers a receive, with bodies that do not match their digests at these positions. */
  | { readonly kind: 'damage'; readonly positions: readonly number[] }
  /** Answers 200, but fails these entries of the batch. */
  | { readonly kind: 'entries'; readonly ids: readonly string[]; readonly code: string };

export interface StubCall {
  readonly operation: string;
  readonly queue: string;
  /** 1 for the first call of this operation. */
  readonly nth: number;
  readonly at: number;
  /** The time that the request was signed for. */
  readonly signedAt: number;
}

interface Message {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  readonly attributes: object | undefined;
  receiveCount: number;
  handle: string;
  visibleAt: number;
}

interface Input {
  readonly QueueUrl?: string;
  readonly MaxNumberOfMessages?: number;
  readonly WaitTimeSeconds?: number;
  readonly VisibilityTimeout?: number;
  readonly ReceiptHandle?: string;
  readonly MessageBody?: string;
  readonly MessageAttributes?: object;
  readonly QueueName?: string;
  readonly Entries?: readonly {
    readonly Id: string;
    readonly ReceiptHandle: string;
    readonly VisibilityTimeout?: number;
  }[];
}

export class StubQueue {
  readonly #ready: Message[] = [];
  readonly #inFlight = new Map<string, Message>();
  readonly #wakers = new Set<() => void>();
  readonly deleted: string[] = [];
  /** Deliveries of each message id. */
  readonly deliveries = new Map<string, number>();
  /** Keeps this many messages visible, for benches of endless work. */
  supply = 0;
  supplyBody: () => string = () => '{}';
  calls = 0;
  redriveAfter: number | undefined;

  get visible(): number {
    this.#expire();
    return this.#ready.length;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  send(body: string, attributes?: object): string {
    const id = randomUUID();
    this.#ready.push({ id, body, attributes, sentAt: Date.now(), receiveCount: 0, handle: '', visibleAt: 0 });
    this.#wake();
    return id;
  }

  async receive(max: number, waitMs: number, visibilityMs: number, gone: AbortSignal): Promise<readonly Message[]> {
    const until = Date.now() + waitMs;
    for (;;) {
      this.#expire();
      while (this.#ready.length < this.supply) {
        this.send(this.supplyBody());
      }
      if (this.#ready.length > 0 || Date.now() >= until || gone.aborted) {
        return gone.aborted ? [] : this.#ready.splice(0, max).map((message) => this.#lease(message, visibilityMs));
      }
      await this.#change(Math.min(until, ...[...this.#inFlight.values()].map(({ visibleAt }) => visibleAt)), gone);
    }
  }

  delete(handle: string): void {
    const message = this.#inFlight.get(handle);
    if (message !== undefined) {
      this.#inFlight.delete(handle);
      this.deleted.push(message.id);
    }
  }

  changeVisibility(handle: string, seconds: number): boolean {
    const message = this.#inFlight.get(handle);
    if (message === undefined || message.visibleAt <= Date.now()) {
      return false;
    }
    message.visibleAt = Date.now() + seconds * 1_000;
    this.#expire();
    return true;
  }

  #lease(message: Message, visibilityMs: number): Message {
    message.receiveCount += 1;
    message.handle = randomUUID();
    message.visibleAt = Date.now() + visibilityMs;
    this.#inFlight.set(message.handle, message);
    if (this.supply === 0) {
      this.deliveries.set(message.id, (this.deliveries.get(message.id) ?? 0) + 1);
    }
    return message;
  }

  #expire(): void {
    const now = Date.now();
    for (const [handle, message] of this.#inFlight) {
      if (message.visibleAt <= now) {
        this.#inFlight.delete(handle);
        this.#ready.push(message);
        this.#wake();
      }
    }
  }

  async #change(until: number, gone: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wakers.delete(done);
        gone.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(1, until - Date.now()));
      this.#wakers.add(done);
      gone.addEventListener('abort', done, { once: true });
    });
  }

  #wake(): void {
    [...this.#wakers].forEach((wake) => {
      wake();
    });
  }
}

export class StubSqs {
  readonly #server: Server;
  readonly #queues = new Map<string, StubQueue>();
  readonly #counts = new Map<string, number>();
  readonly calls: StubCall[] = [];
  latencyMs = 0;
  /** How far the clock of the server is ahead. */
  aheadMs = 0;
  /** Decides for each call whether it fails, and how. */
  fault: (call: StubCall) => Fault | undefined = () => undefined;
  /** Benches make millions of calls and need no list of them. */
  recordCalls = true;

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request, response);
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  /** @param port 0 takes any free port */
  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  urlOf(name: string): string {
    return `${this.endpoint}/000000000000/${name}`;
  }

  queue(name: string): StubQueue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new StubQueue();
      this.#queues.set(name, queue);
    }
    return queue;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    if (request.method === 'GET') {
      const queue = this.queue((request.url ?? '').slice(1));
      response.end(JSON.stringify({ calls: queue.calls, deleted: queue.deleted.length }));
      return;
    }
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const input = JSON.parse(Buffer.concat(chunks).toString()) as Input;
    const call = {
      operation,
      queue: queueOf(input),
      nth: (this.#counts.get(operation) ?? 0) + 1,
      at: Date.now(),
      signedAt: timeOf(request.headers['x-amz-date']),
    };
    this.#counts.set(operation, call.nth);
    if (this.recordCalls) {
      this.calls.push(call);
    }
    const fault = this.fault(call);
    if (fault?.kind === 'hang') {
      return;
    }
    if (fault?.kind === 'reset' && fault.afterEffect !== true) {
      request.socket.destroy();
      return;
    }
    const gone = new AbortController();
    response.on('close', () => {
      gone.abort();
    });
    // Half of the latency on the way in and half on the way out: an answer that was lost has had its effect.
    await pause(this.latencyMs / 2);
    const [status, answer] =
      fault?.kind === 'status'
        ? [fault.status, { __type: `com.amazonaws.sqs#${fault.code}`, message: fault.code }]
        : [200, await this.#perform(operation, input, fault, gone.signal)];
    await pause(this.latencyMs / 2);
    if (fault?.kind === 'reset') {
      request.socket.destroy();
      return;
    }
    response.writeHead(status, {
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-requestid': randomUUID(),
      date: new Date(Date.now() + this.aheadMs).toUTCString(),
    });
    response.end(JSON.stringify(answer));
  }

  async #perform(operation: string, input: Input, fault: Fault | undefined, gone: AbortSignal): Promise<object> {
    const queue = this.queue(queueOf(input));
    queue.calls += 1;
    switch (operation) {
      case 'ReceiveMessage': {
        const { MaxNumberOfMessages = 1, WaitTimeSeconds = 0, VisibilityTimeout = 30 } = input;
        const messages = await queue.receive(
          MaxNumberOfMessages,
          WaitTimeSeconds * 1_000,
          VisibilityTimeout * 1_000,
          gone,
        );
        const damaged = fault?.kind === 'damage' ? fault.positions : [];
        return messages.length === 0
          ? {}
          : {
              Messages: messages.map((message, position) => ({
                ...toWire(message),
                ...(damaged.includes(position) && { MD5OfBody: md5('something else') }),
              })),
            };
      }
      case 'DeleteMessage':
        queue.delete(input.ReceiptHandle ?? '');
        return {};
      case 'ChangeMessageVisibility':
        queue.changeVisibility(input.ReceiptHandle ?? '', input.VisibilityTimeout ?? 0);
        return {};
      case 'DeleteMessageBatch':
      case 'ChangeMessageVisibilityBatch':
        return this.#performBatch(queue, operation, input, fault);
      case 'SendMessage':
        return {
          MessageId: queue.send(input.MessageBody ?? '', input.MessageAttributes),
          MD5OfMessageBody: md5(input.MessageBody ?? ''),
        };
      case 'GetQueueUrl':
        return { QueueUrl: this.urlOf(input.QueueName ?? '') };
      case 'GetQueueAttributes':
        return {
          Attributes: {
            VisibilityTimeout: '30',
            MaximumMessageSize: '1048576',
            ...(queue.redriveAfter === undefined
              ? {}
              : { RedrivePolicy: JSON.stringify({ maxReceiveCount: queue.redriveAfter, deadLetterTargetArn: 'arn' }) }),
          },
        };
      default:
        throw new Error(`stub does not know ${operation}`);
    }
  }

  #performBatch(queue: StubQueue, operation: string, { Entries = [] }: Input, fault: Fault | undefined): object {
    const failing = fault?.kind === 'entries' ? fault : undefined;
    const failed: object[] = [];
    const successful: object[] = [];
    for (const { Id, ReceiptHandle, VisibilityTimeout = 0 } of Entries) {
      if (failing?.ids.includes(Id) === true) {
        failed.push({ Id, Code: failing.code, SenderFault: false, Message: failing.code });
      } else if (operation === 'DeleteMessageBatch') {
        queue.delete(ReceiptHandle);
        successful.push({ Id });
      } else if (queue.changeVisibility(ReceiptHandle, VisibilityTimeout)) {
        successful.push({ Id });
      } else {
        failed.push({
          Id,
          Code: 'InvalidParameterValue',
          SenderFault: true,
          Message: 'Message does not exist or is not available for visibility timeout change.',
        });
      }
    }
    return { Successful: successful, Failed: failed };
  }
}

/** Of `20260101T120000Z`. */
function timeOf(header: string | string[] | undefined): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(header)) ?? [];
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}

function queueOf({ QueueUrl = '' }: Input): string {
  return QueueUrl.split('/').pop() ?? '';
}

function toWire({ id, handle, body, attributes, receiveCount, sentAt }: Message): object {
  return {
    MessageId: id,
    ReceiptHandle: handle,
    Body: body,
    MD5OfBody: md5(body),
    ...(attributes === undefined ? {} : { MessageAttributes: attributes }),
    Attributes: { ApproximateReceiveCount: String(receiveCount), SentTimestamp: String(sentAt) },
  };
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}
