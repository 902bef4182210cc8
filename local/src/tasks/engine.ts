import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock';
import { LocalCloudError, messageOf } from '../errors';
import type { Reaper } from '../reaper';
import type { LocalProcess } from '../types';
import type { Agent } from './agent';
import { Commands } from './commands';
import { Container, type ContainerConfig } from './container';
import { taskEnvironment } from './environment';
import { withOwnHealthPort } from './health-port';
import { readBody, sendJson, stopListening } from './http';
import { Labels } from './labels';
import { onClock } from '../process-clock';
import type { ImageAsset, TaskMap, TaskMapEntry } from './task-map';
import { Upstream } from './upstream';

export interface EngineOptions {
  readonly tasks: TaskMap;
  readonly logDir: string;
  readonly agent: Agent;
  readonly clock: Clock;
  readonly reaper: Reaper;
  /** A Docker engine for images that the task map does not name. Default: what the Dockerfiles of CDK assets say. */
  readonly dockerHost?: string;
  readonly line: (line: string) => void;
  readonly output: (taskArn: string, container: string, line: string) => void;
}

/** Supported version of the Docker Engine API. */
const API_VERSION = '1.41';
/**
 * Docker's rule for names, which become names of log files; a container of ECS has 255 characters and a prefix.
 *
 * @see https://github.com/moby/moby/blob/v20.10.27/daemon/names/names.go
 */
const CONTAINER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,299}$/;
const NEVER = '0001-01-01T00:00:00Z';
/** Exited containers that are kept for later readers; the oldest are dropped. */
const KEPT_EXITED = 500;

/**
 * The calls of the Docker Engine API that the emulator's ECS makes; each container is a process group.
 *
 * @see https://docs.docker.com/reference/api/engine/version/v1.41/
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #containers = new Map<string, Container>();
  readonly #upstream: Upstream | undefined;
  readonly #server: Server;
  readonly #commands: Commands;
  #socketDir: string | undefined;
  #draining = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#upstream = options.dockerHost === undefined ? undefined : new Upstream(options.dockerHost);
    this.#commands = new Commands(options.tasks, !this.#upstream, options.line);
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        if (response.headersSent) {
          response.destroy();
        } else {
          sendJson(response, 500, { message: messageOf(error) });
        }
      });
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  /**
   * Listens on a Unix socket in a directory that only this user may enter: the API has no authentication, and runs
   * programs. Resolves with the value for `DOCKER_HOST`.
   */
  async start(): Promise<string> {
    await this.#options.agent.start();
    // Made with mode 0700
    this.#socketDir = mkdtempSync(join(tmpdir(), 'fileworks-'));
    const path = join(this.#socketDir, 'docker.sock');
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(cannotListen(path, error))).listen(path, resolve);
    });
    return `unix://${path}`;
  }

  /**
   * Sends SIGTERM to running containers, and SIGKILL after `timeoutSeconds`; no container starts afterwards. Resolves
   * when all have exited.
   */
  async drain(timeoutSeconds: number): Promise<void> {
    this.#draining = true;
    await Promise.all(this.#running().map((container) => container.stop(timeoutSeconds)));
  }

  /** Kills running containers and stops listening. */
  async stop(): Promise<void> {
    const running = this.#running();
    running.forEach((container) => container.signal('SIGKILL'));
    await Promise.all(running.map((container) => container.wait()));
    await this.#upstream?.removeAll();
    await Promise.all([stopListening(this.#server), this.#options.agent.stop()]);
    if (this.#socketDir !== undefined) {
      rmSync(this.#socketDir, { recursive: true, force: true });
    }
  }

  /** The image assets of the app: the task map can name them, and their Dockerfiles name commands. */
  useAssets(assets: readonly ImageAsset[]): void {
    this.#commands.useAssets(assets);
  }

  processes(taskArn: string): readonly LocalProcess[] {
    return this.#ofTask(taskArn).map((container) => ({
      container: container.labels[Labels.container] ?? container.name,
      ...(container.pid !== undefined && { pid: container.pid }),
      log: container.logFile,
    }));
  }

  role(taskArn: string): string | undefined {
    return this.#ofTask(taskArn).at(0)?.labels[Labels.role];
  }

  /** Kills the processes of a task; false when none is running. */
  kill(taskArn: string, signal: NodeJS.Signals = 'SIGKILL'): boolean {
    const running = this.#ofTask(taskArn).filter((container) => container.status === 'running');
    return running.map((container) => container.signal(signal)).some(Boolean);
  }

  #running(): Container[] {
    return [...this.#containers.values()].filter((container) => container.status === 'running');
  }

  #ofTask(taskArn: string): Container[] {
    return [...this.#containers.values()].filter((container) => container.labels[Labels.taskArn] === taskArn);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://engine');
    const path = decodeURIComponent(url.pathname).replace(/^\/v1\.\d+/, '');
    const call = `${request.method ?? 'GET'} ${path}`;
    const image = /^GET \/images\/(.+)\/json$/.exec(call);
    const container = /^(\w+) \/containers\/([^/]+?)(?:\/(\w+))?$/.exec(call);
    if (call === 'GET /_ping' || call === 'HEAD /_ping') {
      response.writeHead(200, { 'api-version': API_VERSION, 'content-type': 'text/plain' }).end('OK');
    } else if (call === 'GET /version') {
      sendJson(response, 200, {
        Version: '20.10.0',
        ApiVersion: API_VERSION,
        MinAPIVersion: '1.24',
        Os: process.platform,
        Arch: process.arch,
      });
    } else if (call === 'POST /images/create') {
      await this.#pull(imageOf(url.searchParams), request, response);
    } else if (image) {
      await this.#inspectImage(image[1], request, response);
    } else if (call === 'POST /containers/create') {
      await this.#create(url.searchParams.get('name') ?? '', request, response);
    } else if (call === 'GET /containers/json') {
      sendJson(response, 200, this.#list(url.searchParams));
    } else if (call === 'GET /events') {
      await this.#streamEvents(url.searchParams, request, response);
    } else if (container) {
      await this.#onContainer(
        container[2],
        `${container[1]} ${container.at(3) ?? ''}`.trim(),
        url.searchParams,
        request,
        response,
      );
    } else {
      sendJson(response, 404, { message: `fileworks-local does not support ${call}` });
    }
  }

  async #pull(image: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#commands.mayRun(image)) {
      sendJson(response, 200, { status: `a local command stands for ${image}` });
    } else if (this.#upstream) {
      await this.#upstream.forward(request, response);
    } else {
      sendJson(response, 404, { message: this.#commands.missing({ image }) });
    }
  }

  async #inspectImage(image: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#commands.mayRun(image)) {
      sendJson(response, 200, { Id: `sha256:${'0'.repeat(64)}`, RepoTags: [image], Config: {} });
    } else if (this.#upstream) {
      await this.#upstream.forward(request, response);
    } else {
      sendJson(response, 404, { message: this.#commands.missing({ image }) });
    }
  }

  async #create(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!CONTAINER_NAME.test(name)) {
      sendJson(response, 400, {
        message: `Invalid container name (${name}), only ${CONTAINER_NAME.source} names a container`,
      });
      return;
    }
    const config = await withOwnHealthPort(JSON.parse(await readBody(request)) as ContainerConfig);
    const labels = config.Labels ?? {};
    const taskArn = labels[Labels.taskArn] ?? '';
    const container = labels[Labels.container] ?? '';
    const identity = { image: config.Image, container, family: labels[Labels.family] ?? '' };
    const entry = this.#commands.find(identity);
    const role = labels[Labels.role];
    const cluster = labels[Labels.cluster] ?? '';
    const endpoints = this.#options.agent.register({ taskArn, cluster, ...(role !== undefined && { role }) });
    const own = taskEnvironment(config, entry?.env ?? {}, endpoints);
    const env = this.#options.clock.processes === 'cloud' ? onClock(own, this.#options.clock) : own;
    if (!entry) {
      if (this.#upstream) {
        await this.#upstream.create(name, config, env, response);
      } else {
        sendJson(response, 404, { message: this.#commands.missing(identity) });
      }
      return;
    }
    const command = { argv: argvOf(config, entry), cwd: entry.cwd ?? process.cwd(), env };
    const created = new Container(name, config, command, this.#options.logDir, this.#options.reaper);
    created.on('line', (line) => this.#options.output(taskArn, container, line));
    this.#containers.set(created.id, created);
    this.#forgetOldest();
    sendJson(response, 201, { Id: created.id, Warnings: [] });
  }

  #forgetOldest(): void {
    const exited = [...this.#containers.values()].filter((container) => container.status === 'exited');
    exited
      .slice(0, Math.max(0, exited.length - KEPT_EXITED))
      .forEach((container) => this.#containers.delete(container.id));
  }

  #list(query: URLSearchParams): unknown[] {
    const filters = JSON.parse(query.get('filters') ?? '{}') as { label?: string[] };
    const wanted = (filters.label ?? []).map((label) => label.split(/=(.*)/));
    const all = ['1', 'true'].includes((query.get('all') ?? '').toLowerCase());
    return [...this.#containers.values()]
      .filter(
        (container) =>
          (all || container.status === 'running') &&
          wanted.every(([key, ...value]) =>
            value.length === 0 ? key in container.labels : container.labels[key] === value[0],
          ),
      )
      .map((container) => ({
        Id: container.id,
        Names: [`/${container.name}`],
        Image: container.config.Image,
        Labels: container.labels,
        State: container.status,
        Status: container.status,
        Created: Math.floor(container.created.getTime() / 1000),
      }));
  }

  /** Health and end of one container: what the emulator listens for. */
  async #streamEvents(query: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { container: [id = ''] = [] } = JSON.parse(query.get('filters') ?? '{}') as { container?: string[] };
    const container = this.#containers.get(id);
    if (container) {
      streamEvents(container, response);
    } else if (this.#upstream?.has(id)) {
      await this.#upstream.forward(request, response);
    } else {
      sendJson(response, 404, { message: `No such container: ${id}; events are those of one container` });
    }
  }

  async #onContainer(
    id: string,
    call: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const container = this.#containers.get(id);
    if (!container) {
      if (this.#upstream?.has(id)) {
        await this.#upstream.forward(request, response);
      } else {
        sendJson(response, 404, { message: `No such container: ${id}` });
      }
      return;
    }
    switch (call) {
      case 'GET json':
        sendJson(response, 200, inspection(container));
        break;
      case 'POST start':
        if (this.#draining) {
          sendJson(response, 500, { message: 'the local cloud is being stopped: no container starts' });
          break;
        }
        if (container.status === 'created') {
          container.start();
        }
        sendJson(response, 204);
        break;
      case 'POST wait':
        sendJson(response, 200, { StatusCode: await container.wait() });
        break;
      case 'POST stop':
        await container.stop(this.#options.clock.realSecondsOfTask(Number(query.get('t') ?? 10)));
        sendJson(response, 204);
        break;
      case 'POST kill':
        container.signal((query.get('signal') ?? 'SIGKILL') as NodeJS.Signals);
        sendJson(response, 204);
        break;
      case 'GET logs':
        streamLogs(container, query, response);
        break;
      case 'DELETE':
        // Its record is kept for `tasks()`; clients of the engine see only its state.
        container.signal('SIGKILL');
        sendJson(response, 204);
        break;
      default:
        sendJson(response, 404, { message: `fileworks-local does not support ${call}` });
    }
  }
}

/** Entrypoint and command as Docker joins them: a replaced entrypoint drops the image's command too. */
export function argvOf(config: ContainerConfig, entry: TaskMapEntry): string[] {
  const entrypoint = config.Entrypoint?.length ? config.Entrypoint : undefined;
  const command = config.Cmd?.length ? config.Cmd : undefined;
  return [...(entrypoint ?? entry.entrypoint ?? []), ...(command ?? (entrypoint ? [] : (entry.command ?? [])))];
}

function inspection(container: Container): unknown {
  return {
    Id: container.id,
    Name: `/${container.name}`,
    Created: container.created.toISOString(),
    Image: `sha256:${'0'.repeat(64)}`,
    State: {
      Status: container.status,
      Running: container.status === 'running',
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Pid: container.status === 'running' ? (container.pid ?? 0) : 0,
      ExitCode: container.exitCode,
      Error: container.error,
      ...(container.health && {
        Health: { Status: container.health.status, FailingStreak: container.health.failingStreak, Log: [] },
      }),
      StartedAt: container.started?.toISOString() ?? NEVER,
      FinishedAt: container.finished?.toISOString() ?? NEVER,
    },
    Config: { Image: container.config.Image, Env: container.config.Env, Labels: container.labels, Tty: false },
    HostConfig: { ...container.config.HostConfig, LogConfig: { Type: 'json-file', Config: {} } },
    NetworkSettings: { Networks: {}, Ports: {}, IPAddress: '' },
    Mounts: [],
  };
}

/** Docker's multiplexed stream: a header of eight bytes (stream, three zeros, length) before each chunk. */
function streamLogs(container: Container, query: URLSearchParams, response: ServerResponse): void {
  const write = (stream: 1 | 2, data: Buffer): void => {
    const header = Buffer.alloc(8);
    header[0] = stream;
    header.writeUInt32BE(data.length, 4);
    response.write(header);
    response.write(data);
  };
  response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
  response.flushHeaders();
  container.output().forEach(({ stream, data }) => write(stream, data));
  const follow = ['1', 'true'].includes((query.get('follow') ?? '').toLowerCase());
  if (!follow || container.status === 'exited') {
    response.end();
    return;
  }
  container.on('output', write);
  response.once('close', () => container.off('output', write));
  container.once('exit', () => response.end());
}

function cannotListen(path: string, error: NodeJS.ErrnoException): LocalCloudError {
  return new LocalCloudError(
    'EmulatorFailed',
    `cannot listen on the Unix socket ${path}: ${error.message}; set TMPDIR to a directory with a path of at most 70 characters on a file system with sockets`,
    { cause: error },
  );
}

/** Docker's events of a container: `health_status` at each change, `die` at its end. */
function streamEvents(container: Container, response: ServerResponse): void {
  const write = (action: string): void => {
    const event = { Type: 'container', Action: action, Actor: { ID: container.id, Attributes: container.labels } };
    response.write(`${JSON.stringify({ ...event, time: Math.floor(Date.now() / 1000) })}\n`);
  };
  const health = (status: string): void => write(`health_status: ${status}`);
  const die = (): void => {
    write('die');
    response.end();
  };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  if (container.status === 'exited') {
    die();
    return;
  }
  container.on('health', health);
  container.once('exit', die);
  response.once('close', () => container.off('health', health).off('exit', die));
}

function imageOf(query: URLSearchParams): string {
  const tag = query.get('tag');
  return `${query.get('fromImage') ?? ''}${tag ? `${tag.startsWith('sha256:') ? '@' : ':'}${tag}` : ''}`;
}
