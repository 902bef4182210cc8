import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  ECSClient,
  GetTaskProtectionCommand,
  UpdateTaskProtectionCommand,
  type Failure,
  type ProtectedTask,
} from '@aws-sdk/client-ecs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { Clock } from '../clock';
import { messageOf } from '../errors';
import type { ClientConfig } from '../types';
import { refuseStranger } from '../strangers';
import type { TaskEndpoints } from './environment';
import { listen, readBody, sendJson, stopListening } from './http';

/** A container that may call the agent. */
export interface AgentClient {
  readonly taskArn: string;
  readonly cluster: string;
  readonly role?: string;
}

interface Session extends AgentClient {
  readonly token: string;
  credentials?: Promise<RoleCredentials>;
}

interface RoleCredentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
  readonly Expiration: string;
  readonly RoleArn: string;
}

const CREDENTIALS_HTTP_PATH = '/credentials/';
const PROTECTION_HTTP_PATH = /^\/api\/([0-9a-f]+)\/task-protection\/v1\/state$/;
/** The agent renews credentials before they expire. */
const RENEW_BEFORE_MS = 5 * 60_000;

/**
 * The endpoints of the ECS agent inside a task: credentials of the task role, and task protection. Their paths hold a
 * random id of the container, and credentials want a token besides.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
 */
export class Agent {
  readonly #sessions = new Map<string, Session>();
  readonly #config: () => ClientConfig;
  readonly #clock: Pick<Clock, 'ofProcesses'>;
  readonly #server: Server;
  #origin = '';

  constructor(config: () => ClientConfig, clock: Pick<Clock, 'ofProcesses'>) {
    this.#config = config;
    this.#clock = clock;
    this.#server = createServer((request, response) => {
      if (refuseStranger(request, response)) {
        return;
      }
      this.#handle(request, response).catch((error: unknown) => sendJson(response, 500, { message: messageOf(error) }));
    });
  }

  /** Listens on a free port of 127.0.0.1. */
  async start(): Promise<void> {
    this.#origin = await listen(this.#server);
  }

  stop(): Promise<void> {
    return stopListening(this.#server);
  }

  /** Opens the endpoints of one container. */
  register(client: AgentClient): TaskEndpoints {
    const id = randomBytes(16).toString('hex');
    const token = randomBytes(24).toString('base64url');
    this.#sessions.set(id, { ...client, token });
    return {
      aws: this.#config().endpoint,
      agent: `${this.#origin}/api/${id}`,
      ...(client.role && { credentials: { url: `${this.#origin}${CREDENTIALS_HTTP_PATH}${id}`, token } }),
    };
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path } = new URL(request.url ?? '/', this.#origin);
    const protection = PROTECTION_HTTP_PATH.exec(path);
    if (path.startsWith(CREDENTIALS_HTTP_PATH)) {
      await this.#answerCredentials(this.#sessions.get(path.slice(CREDENTIALS_HTTP_PATH.length)), request, response);
    } else if (protection) {
      await this.#answerProtection(this.#sessions.get(protection[1]), request, response);
    } else {
      sendJson(response, 404, { message: `the agent does not answer ${path}` });
    }
  }

  async #answerCredentials(
    session: Session | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (!session?.role || request.headers.authorization !== session.token) {
      sendJson(response, 403, { code: 'AccessDenied', message: 'no credentials for this token' });
      return;
    }
    const cached = await session.credentials?.catch(() => undefined);
    if (!cached || Date.parse(cached.Expiration) - this.#clock.ofProcesses() < RENEW_BEFORE_MS) {
      session.credentials = this.#assume(session.role, session.taskArn);
    }
    sendJson(response, 200, await session.credentials);
  }

  async #assume(role: string, taskArn: string): Promise<RoleCredentials> {
    const client = new STSClient(this.#config());
    const session = taskArn.slice(taskArn.lastIndexOf('/') + 1);
    const { Credentials: credentials } = await client.send(
      new AssumeRoleCommand({ RoleArn: role, RoleSessionName: session }),
    );
    client.destroy();
    return {
      AccessKeyId: credentials?.AccessKeyId ?? '',
      SecretAccessKey: credentials?.SecretAccessKey ?? '',
      Token: credentials?.SessionToken ?? '',
      Expiration: (credentials?.Expiration ?? new Date()).toISOString(),
      RoleArn: role,
    };
  }

  async #answerProtection(
    session: Session | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (!session) {
      sendJson(
        response,
        404,
        protectionError('', 'ResourceNotFoundException', 'Failed to find a task for the request'),
      );
      return;
    }
    const arn = session.taskArn;
    if (!session.role) {
      sendJson(
        response,
        403,
        protectionError(
          arn,
          'AccessDeniedException',
          'Invalid Request: no task IAM role credentials available for task',
        ),
      );
      return;
    }
    const tasks = { cluster: session.cluster, tasks: [arn] };
    // With the credentials of the task, as the ECS agent does: the task role needs the permission.
    const role = await (session.credentials ??= this.#assume(session.role, arn));
    const client = new ECSClient({
      ...this.#config(),
      credentials: { accessKeyId: role.AccessKeyId, secretAccessKey: role.SecretAccessKey, sessionToken: role.Token },
    });
    try {
      if (request.method === 'GET') {
        sendJson(response, 200, protectionAnswer(await client.send(new GetTaskProtectionCommand(tasks))));
        return;
      }
      const update = parseUpdate(await readBody(request));
      if (typeof update === 'string') {
        sendJson(response, 400, protectionError(arn, 'InvalidParameterException', update));
        return;
      }
      sendJson(
        response,
        200,
        protectionAnswer(await client.send(new UpdateTaskProtectionCommand({ ...tasks, ...update }))),
      );
    } catch (error) {
      const { name, message, $metadata: metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
      sendJson(response, metadata?.httpStatusCode ?? 500, protectionError(arn, name, message));
    } finally {
      client.destroy();
    }
  }
}

function protectionAnswer(answer: { protectedTasks?: ProtectedTask[]; failures?: Failure[] }): object {
  const failure = answer.failures?.at(0);
  if (failure) {
    return { failure: { Arn: failure.arn, Detail: failure.detail ?? null, Reason: failure.reason } };
  }
  const task = answer.protectedTasks?.at(0);
  return {
    protection: {
      ExpirationDate: task?.expirationDate?.toISOString() ?? null,
      ProtectionEnabled: task?.protectionEnabled,
      TaskArn: task?.taskArn,
    },
  };
}

function protectionError(arn: string, code: string, message: string): object {
  return { error: { Arn: arn, Code: code, Message: message } };
}

function parseUpdate(body: string): { protectionEnabled: boolean; expiresInMinutes?: number } | string {
  let update: { ProtectionEnabled?: unknown; ExpiresInMinutes?: unknown };
  try {
    update = JSON.parse(body) as typeof update;
  } catch {
    return 'UpdateTaskProtection: failed to decode request';
  }
  const { ProtectionEnabled: enabled, ExpiresInMinutes: minutes } = update;
  if (typeof enabled !== 'boolean') {
    return "Invalid request: does not contain 'ProtectionEnabled' field";
  }
  return typeof minutes === 'number' && enabled
    ? { protectionEnabled: enabled, expiresInMinutes: minutes }
    : { protectionEnabled: enabled };
}
