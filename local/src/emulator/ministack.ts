import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { LocalCloudError } from '../errors';
import type { Reaper } from '../reaper';
import { clockVariables, NODE_OPTIONS_OF_CLOCK } from '../process-clock';
import type { AuthorizedCall, ApiCall, Denial, TaskRecord } from '../types';
import type {
  Emulator,
  EmulatorOptions,
  MetricReport,
  PlayedFailure,
  ReportedStack,
  ServiceEvent,
  ServiceRequest,
  TemplateFindings,
  TemplateToCheck,
  UsedStatement,
} from './emulator';
import { EMULATOR_DIR, ensureToolchain } from './toolchain';

const START_TIMEOUT_MS = 60_000;
/** Lambda's Node.js runtime includes the AWS SDK: functions find its clients that are installed beside this package. */
const SDK_MODULES = resolve(dirname(require.resolve('@aws-sdk/client-s3/package.json')), '..', '..');

type Report =
  | { readonly kind: 'task'; readonly task: TaskRecord }
  | { readonly kind: 'call'; readonly call: ApiCall }
  | { readonly kind: 'request'; readonly request: ServiceRequest & { readonly id: number } }
  | { readonly kind: 'stack'; readonly stack: ReportedStack }
  | { readonly kind: 'types'; readonly types: readonly string[] }
  | { readonly kind: 'denial'; readonly denial: Denial }
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'group'; readonly group: number; readonly running: boolean }
  | { readonly kind: 'answer'; readonly id: number; readonly error?: string; readonly result?: unknown };

interface Waiter {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** ministack from PyPI with our patches, in a process of its own that ends with this one. */
export class Ministack implements Emulator {
  resourceTypes: ReadonlySet<string> | undefined;

  readonly #options: EmulatorOptions;
  readonly #reaper: Reaper;
  readonly #waiters = new Map<number, Waiter>();
  /** Process groups of builds. */
  readonly #groups = new Set<number>();
  #process: ChildProcess | undefined;
  /** For the code of functions and builds: others must not prepare what is at a known path. */
  #tempDir: string | undefined;
  #endpoint = '';
  #commands = 0;
  #stopping = false;

  constructor(options: EmulatorOptions, reaper: Reaper) {
    this.#options = options;
    this.#reaper = reaper;
  }

  get endpoint(): string {
    return this.#endpoint;
  }

  async start(): Promise<void> {
    const { toolsDir, python, observer } = this.#options;
    const interpreter = await ensureToolchain({ toolsDir, python, line: (line) => observer.line(line) });
    const port = await freePort(this.#options.port);
    this.#endpoint = `http://127.0.0.1:${port}`;
    this.#tempDir = mkdtempSync(join(tmpdir(), 'fileworks-emulator-'));
    this.#spawn(interpreter, port);
    await this.#untilReady();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#process;
    if (child?.pid && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      // It persists nothing, so its process group can be killed.
      killGroup(child.pid);
      await ended;
      this.#reaper.forget(child.pid);
    }
    for (const group of this.#groups) {
      killGroup(group);
      this.#reaper.forget(group);
    }
    if (this.#tempDir !== undefined) {
      rmSync(this.#tempDir, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  putServiceEvent(event: ServiceEvent): Promise<void> {
    return this.#command({ op: 'putEvent', ...event });
  }

  refusePlacements(count: number): Promise<void> {
    return this.#command({ op: 'refusePlacements', count });
  }

  disturbDeliveries(repeat: number, delaySeconds: number): Promise<void> {
    return this.#command({ op: 'disturbDeliveries', repeat, delaySeconds });
  }

  failNext(failure: PlayedFailure): Promise<void> {
    return this.#command({ op: 'failNext', ...failure });
  }

  endOutage(outage: number): Promise<void> {
    return this.#command({ op: 'endOutage', outage });
  }

  checkTemplate(template: TemplateToCheck): Promise<TemplateFindings> {
    return this.#command<TemplateFindings>({ op: 'checkTemplate', ...template });
  }

  usedStatements(): Promise<readonly UsedStatement[]> {
    return this.#command<readonly UsedStatement[]>({ op: 'usedStatements' });
  }

  authorizedCalls(): Promise<readonly AuthorizedCall[]> {
    return this.#command<readonly AuthorizedCall[]>({ op: 'authorizedCalls' });
  }

  judgeCalls(calls: readonly AuthorizedCall[]): Promise<readonly boolean[]> {
    return this.#command<readonly boolean[]>({ op: 'judgeCalls', calls });
  }

  delayPolicies(seconds: number): Promise<void> {
    return this.#command({ op: 'delayPolicies', seconds });
  }

  advanceClock(seconds: number): Promise<void> {
    return this.#command({ op: 'advanceClock', seconds });
  }

  reportMetrics(minute: number): Promise<MetricReport> {
    return this.#command<MetricReport>({ op: 'reportMetrics', minute });
  }

  interruptSpot(clusterArn: string, taskArn: string): Promise<void> {
    return this.#command({ op: 'interruptSpot', cluster: clusterArn, task: taskArn });
  }

  get #log(): string {
    return join(this.#options.logDir, 'emulator.log');
  }

  #spawn(interpreter: string, port: number): void {
    const {
      region,
      account,
      keys,
      dockerHost,
      logDir,
      authorization,
      builds = [],
      engines,
      queueMetrics,
      clock,
      observer,
    } = this.#options;
    mkdirSync(logDir, { recursive: true });
    const child = spawn(interpreter, ['-u', '-B', join(EMULATOR_DIR, 'launch.py')], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      env: {
        ...inherited(),
        FILEWORKS_REPORTS: '1',
        FILEWORKS_AUTHORIZATION: authorization,
        FILEWORKS_BUILDS: JSON.stringify(builds),
        FILEWORKS_DYNAMODB_ENGINE: engines?.dynamodb ?? '',
        FILEWORKS_QUEUE_METRICS: queueMetrics ?? 'active',
        ...clockVariables(clock),
        FILEWORKS_PROCESS_CLOCK: clock.processes,
        FILEWORKS_CLOCK_NODE_OPTIONS: NODE_OPTIONS_OF_CLOCK,
        AUTH: 'true',
        GATEWAY_PORT: String(port),
        MINISTACK_HOST: '127.0.0.1',
        MINISTACK_ACCOUNT_ID: account,
        MINISTACK_REGION: region,
        DOCKER_HOST: dockerHost,
        LAMBDA_EXECUTOR: 'local',
        NODE_PATH: SDK_MODULES,
        LOG_LEVEL: 'INFO',
        // Its own root user
        AWS_ACCESS_KEY_ID: account,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        AWS_SESSION_TOKEN: keys.sessionToken,
        TMPDIR: this.#tempDir,
      },
    });
    this.#process = child;
    child.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    if (child.pid) {
      this.#reaper.watch(child.pid);
    }
    const log = createWriteStream(this.#log);
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const reports = child.stdio[3];
    if (reports && 'read' in reports) {
      createInterface({ input: reports }).on('line', (line) => this.#report(JSON.parse(line) as Report));
    }
    child.once('exit', (code, signal) => {
      log.end();
      for (const waiter of this.#waiters.values()) {
        waiter.reject(new LocalCloudError('EmulatorFailed', 'the emulator ended'));
      }
      this.#waiters.clear();
      if (!this.#stopping) {
        observer.died(`the emulator ended with ${signal ?? `code ${String(code)}`}; its log is ${this.#log}`);
      }
    });
  }

  #report(report: Report): void {
    const { observer } = this.#options;
    switch (report.kind) {
      case 'task':
        observer.task(report.task);
        break;
      case 'call':
        observer.call(report.call);
        break;
      case 'request':
        void this.#request(report.request);
        break;
      case 'stack':
        observer.stack(report.stack);
        break;
      case 'types':
        this.resourceTypes = new Set(report.types);
        break;
      case 'denial':
        observer.denial(report.denial);
        break;
      case 'line':
        observer.line(report.line);
        break;
      case 'group':
        this.#follow(report.group, report.running);
        break;
      case 'answer':
        this.#answer(report);
        break;
    }
  }

  #follow(group: number, running: boolean): void {
    if (running) {
      this.#groups.add(group);
      this.#reaper.watch(group);
    } else {
      this.#groups.delete(group);
      this.#reaper.forget(group);
    }
  }

  async #request({ id, ...request }: ServiceRequest & { readonly id: number }): Promise<void> {
    const answer = await this.#options.observer.request(request);
    // The emulator may have ended in the meantime.
    await this.#command({ op: 'answerRequest', request: id, ...answer }).catch(() => undefined);
  }

  #answer({ id, error, result }: Extract<Report, { kind: 'answer' }>): void {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    if (error === undefined) {
      waiter?.resolve(result);
    } else {
      waiter?.reject(new LocalCloudError('EmulatorFailed', error));
    }
  }

  #command<Result = void>(command: Record<string, unknown>): Promise<Result> {
    const id = ++this.#commands;
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve: (result) => resolve(result as Result), reject });
      this.#process?.stdin?.write(`${JSON.stringify({ id, ...command })}\n`);
    });
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      if (this.#process?.pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) {
        throw new LocalCloudError('EmulatorFailed', `the emulator did not start; its log is ${this.#log}`);
      }
      const headers = { 'x-amz-security-token': this.#options.keys.sessionToken };
      const answer = await fetch(`${this.#endpoint}/_ministack/health`, { headers }).catch(() => undefined);
      if (answer?.ok) {
        return;
      }
      if (Date.now() > deadline) {
        throw new LocalCloudError(
          'EmulatorFailed',
          `the emulator did not answer within ${START_TIMEOUT_MS / 1000} seconds; its log is ${this.#log}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Without the user's AWS and emulator settings, for the emulator and the Lambda functions that it runs. */
function inherited(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ'];
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.includes(name)));
}

function freePort(wanted = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new LocalCloudError(
              'PortInUse',
              `port ${wanted} of 127.0.0.1 is in use; choose another with --port, or none for a free one`,
              { cause: error },
            )
          : new LocalCloudError('EmulatorFailed', `cannot listen on port ${wanted}: ${error.message}`, {
              cause: error,
            }),
      );
    });
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : wanted));
    });
  });
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}
