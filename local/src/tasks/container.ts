import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { createWriteStream } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Reaper } from '../reaper';
import { HealthCheck, type ContainerCommand, type HealthCheckConfig, type HealthStatus } from './health-check';

export type ContainerLabels = Readonly<Partial<Record<string, string>>>;

/** The fields of `POST /containers/create` that apply to a process. */
export interface ContainerConfig {
  readonly Image: string;
  readonly Env?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Entrypoint?: readonly string[] | null;
  readonly Labels?: ContainerLabels | null;
  readonly Healthcheck?: HealthCheckConfig | null;
  readonly HostConfig?: Readonly<Record<string, unknown>>;
}

export type ContainerStatus = 'created' | 'running' | 'exited';

interface ContainerEvents {
  exit: [];
  /** One chunk: 1 is stdout, 2 is stderr. */
  output: [1 | 2, Buffer];
  line: [string];
  /** The outcome of its health check changed. */
  health: [HealthStatus];
}

/** Output kept for later readers of `logs`; the log file has all of it. */
const KEPT_OUTPUT_BYTES = 262_144;
const MAX_FILE_NAME = 200;
const COMMAND_NOT_FOUND = 127;
const CANNOT_EXECUTE = 126;

/**
 * A container that is a process group on this machine.
 *
 * created → running → exited; the group is killed when its first process ends, as a container is.
 */
export class Container extends EventEmitter<ContainerEvents> {
  readonly id = randomBytes(32).toString('hex');
  readonly created = new Date();
  status: ContainerStatus = 'created';
  exitCode = 0;
  error = '';
  started: Date | undefined;
  finished: Date | undefined;
  /** While it runs, if it has one. */
  health: HealthCheck | undefined;
  readonly #kept: { stream: 1 | 2; data: Buffer }[] = [];
  #keptBytes = 0;
  #child: ChildProcess | undefined;
  readonly logFile: string;

  constructor(
    readonly name: string,
    readonly config: ContainerConfig,
    readonly command: ContainerCommand,
    logDir: string,
    private readonly reaper: Reaper,
  ) {
    super();
    this.logFile = join(logDir, `${fileNameOf(name, this.id)}.log`);
    this.setMaxListeners(0);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get labels(): ContainerLabels {
    return this.config.Labels ?? {};
  }

  start(): void {
    const [program = '', ...args] = this.command.argv;
    const log = createWriteStream(this.logFile);
    this.started = new Date();
    this.status = 'running';
    const child = spawn(program, args, {
      cwd: this.command.cwd,
      env: this.command.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    if (child.pid !== undefined) {
      this.reaper.watch(child.pid);
    }
    if (this.config.Healthcheck) {
      const { cwd, env } = this.command;
      const changed = (status: HealthStatus): void => void this.emit('health', status);
      this.health = new HealthCheck(this.config.Healthcheck, { cwd, env }, this.reaper, changed);
    }
    for (const [stream, source] of [
      [1, child.stdout],
      [2, child.stderr],
    ] as const) {
      const decoder = new StringDecoder('utf8');
      let rest = '';
      source
        .on('data', (data: Buffer) => {
          log.write(data);
          this.#keep(stream, data);
          this.emit('output', stream, data);
          const lines = (rest + decoder.write(data)).split('\n');
          rest = lines.pop() ?? '';
          lines.forEach((line) => this.emit('line', line));
        })
        .on('end', () => rest && this.emit('line', rest));
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      this.error = error.message;
      this.#exited(error.code === 'ENOENT' ? COMMAND_NOT_FOUND : CANNOT_EXECUTE);
      log.end(`${error.message}\n`);
    });
    // What the first process leaves behind would keep its pipes open: `exit` ends the group, `close` comes when all
    // output is read.
    child.once('exit', () => this.signal('SIGKILL'));
    child.once('close', (code, signal) => {
      log.end();
      this.#exited(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  }

  /** Sends a signal to the whole group; false when there is none. */
  signal(signal: NodeJS.Signals): boolean {
    if (this.pid === undefined) {
      return false;
    }
    try {
      return process.kill(-this.pid, signal);
    } catch {
      return false;
    }
  }

  /** SIGTERM, and SIGKILL when it still runs after `timeoutSeconds`; resolves when it has exited. */
  async stop(timeoutSeconds: number): Promise<void> {
    if (this.status !== 'running') {
      return;
    }
    // As Docker, to the first process alone: it decides about its own children.
    this.#child?.kill('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), timeoutSeconds * 1000);
    await this.wait();
    clearTimeout(timer);
  }

  wait(): Promise<number> {
    if (this.status === 'exited') {
      return Promise.resolve(this.exitCode);
    }
    return new Promise((resolve) => this.once('exit', () => resolve(this.exitCode)));
  }

  /** What was written so far, oldest first, as far as it is kept. */
  output(): readonly { readonly stream: 1 | 2; readonly data: Buffer }[] {
    return this.#kept;
  }

  #keep(stream: 1 | 2, data: Buffer): void {
    this.#kept.push({ stream, data });
    this.#keptBytes += data.length;
    while (this.#keptBytes > KEPT_OUTPUT_BYTES && this.#kept.length > 1) {
      this.#keptBytes -= this.#kept.shift()?.data.length ?? 0;
    }
  }

  #exited(code: number): void {
    if (this.status === 'exited') {
      return;
    }
    this.exitCode = code;
    this.status = 'exited';
    this.finished = new Date();
    this.health?.end();
    if (this.pid !== undefined) {
      this.reaper.forget(this.pid);
    }
    this.emit('exit');
  }
}

/** File names have at most 255 bytes. A shortened name gets the id, because containers of a task may begin alike. */
function fileNameOf(name: string, id: string): string {
  return name.length <= MAX_FILE_NAME ? name : `${name.slice(0, MAX_FILE_NAME)}-${id.slice(0, 12)}`;
}
