import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Failure } from './failure';
import { LocalCloudError, messageOf } from './errors';
import type { LocalCloud } from './local-cloud';
import { refuseStranger } from './strangers';
import { listen, readBody, sendJson, stopListening } from './tasks/http';

interface ControlRequest extends Partial<Failure> {
  /** ARN of a task, or the beginning of its id. */
  readonly task?: string;
  readonly repeat?: number;
  readonly delaySeconds?: number;
  readonly seconds?: number;
}

/**
 * The library's calls for programs outside of this process, which send `authorization: Bearer <session token>`:
 * `GET /tasks`, `/calls`, `/alarms`, `/scaling`, `/clock`;
 * `POST /faults/<kill | interruptSpot | dropNextStopped | repeatNextStopped | refusePlacements | disturbDeliveries |
 * failNext | delayPolicies>`, `POST /clock/advance`.
 */
export class ControlServer {
  readonly #cloud: LocalCloud;
  readonly #server: Server;

  constructor(cloud: LocalCloud) {
    this.#cloud = cloud;
    this.#server = createServer((request, response) => {
      if (refuseStranger(request, response) || this.#refuseWithoutToken(request, response)) {
        return;
      }
      this.#handle(request, response).catch((error: unknown) => {
        sendJson(response, error instanceof LocalCloudError ? 400 : 500, { message: messageOf(error) });
      });
    });
  }

  /** Listens on a free port of 127.0.0.1; resolves with the URL. */
  start(): Promise<string> {
    return listen(this.#server);
  }

  stop(): Promise<void> {
    return stopListening(this.#server);
  }

  #refuseWithoutToken({ headers }: IncomingMessage, response: ServerResponse): boolean {
    const token = this.#cloud.credentials.sessionToken;
    if (headers.authorization !== undefined && isSame(headers.authorization, `Bearer ${token}`)) {
      return false;
    }
    const message =
      'send the session token that the local cloud printed at its start as `authorization: Bearer <token>`';
    sendJson(response, 401, { message });
    return true;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = `${request.method ?? ''} ${request.url ?? ''}`;
    const views = new Map<string, () => unknown>([
      ['GET /tasks', () => this.#cloud.tasks()],
      ['GET /calls', () => this.#cloud.calls()],
      ['GET /alarms', () => this.#cloud.alarms()],
      ['GET /scaling', () => this.#cloud.scaling()],
      ['GET /clock', () => ({ now: this.#cloud.clock.now() })],
    ]);
    const view = views.get(call);
    if (view) {
      sendJson(response, 200, view());
      return;
    }
    await this.#run(call, JSON.parse((await readBody(request)) || '{}') as ControlRequest);
    sendJson(response, 204);
  }

  async #run(call: string, request: ControlRequest): Promise<void> {
    const { faults } = this.#cloud;
    const { task = '', count = 1 } = request;
    switch (call) {
      case 'POST /faults/kill':
        faults.kill(this.#taskArn(task));
        break;
      case 'POST /faults/interruptSpot':
        await faults.interruptSpot(this.#taskArn(task));
        break;
      case 'POST /faults/dropNextStopped':
        faults.dropNextStopped(count);
        break;
      case 'POST /faults/repeatNextStopped':
        faults.repeatNextStopped(count);
        break;
      case 'POST /faults/refusePlacements':
        await faults.refusePlacements(count);
        break;
      case 'POST /faults/disturbDeliveries':
        await faults.disturbDeliveries(request);
        break;
      case 'POST /faults/failNext':
        await faults.failNext(request as Failure);
        break;
      case 'POST /clock/advance':
        await this.#cloud.clock.advance(request.seconds ?? 0);
        break;
      case 'POST /faults/delayPolicies':
        await faults.delayPolicies(request.seconds ?? 0);
        break;
      default:
        throw new LocalCloudError('OptionInvalid', `unknown call ${call}`);
    }
  }

  #taskArn(task: string): string {
    const found = this.#cloud
      .tasks()
      .find(({ taskArn }) => taskArn === task || (task !== '' && taskArn.split('/').at(-1)?.startsWith(task)));
    if (!found) {
      throw new LocalCloudError('UnknownTask', `no task ${task}`);
    }
    return found.taskArn;
  }
}

/** Takes the same time wherever they differ. */
function isSame(given: string, expected: string): boolean {
  const [one, other] = [given, expected].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(one, other);
}
