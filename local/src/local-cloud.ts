import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { clientConfig, makeAccessKeys } from './clients';
import { Clock } from './clock';
import { readAssembly, type StackArtifact } from './deploy/assembly';
import { Deployer, type DeployedStack } from './deploy/deployer';
import { OtherStacks } from './deploy/other-stacks';
import type { Emulator, ReportedStack, ServiceAnswer, ServiceRequest } from './emulator/emulator';
import { Ministack } from './emulator/ministack';
import { LocalCloudError, messageOf } from './errors';
import { Faults } from './faults';
import { checkOptions, type LocalCloudOptions } from './options';
import { Reaper } from './reaper';
import { Autoscaler } from './scaling/autoscaler';
import { statementUses } from './deploy/statements';
import { Agent } from './tasks/agent';
import { Engine } from './tasks/engine';
import { StateChangePublisher } from './tasks/state-change';
import { loadTaskMap } from './tasks/task-map';
import type {
  AlarmView,
  ApiCall,
  AuthorizedCall,
  BuildMapEntry,
  ClientConfig,
  Denial,
  Environment,
  LocalCloudEvents,
  LocalTask,
  ScalableTargetView,
  StatementUse,
  TaskRecord,
} from './types';

/** Calls kept for `calls()`; the oldest are dropped. */
const KEPT_CALLS = 200_000;
const MAX_STOP_TIMEOUT_SECONDS = 120;

/**
 * A deployed app on this machine: the emulator, the tasks and the autoscaler.
 *
 * starting → running → stopped. It ends with the process that started it.
 */
export class LocalCloud extends EventEmitter<LocalCloudEvents> {
  /** Starts the emulator and deploys the app; rejects with `LocalCloudError` and leaves nothing running. */
  static async start(options: LocalCloudOptions = {}): Promise<LocalCloud> {
    const cloud = new LocalCloud(options);
    try {
      await cloud.#start();
      return cloud;
    } catch (error) {
      await cloud.stop();
      throw error;
    }
  }

  readonly region: string;
  readonly account: string;
  /** One file for each container, and the emulator's log. */
  readonly logDir: string;
  /** Injects faults. */
  readonly faults: Faults;
  /** The clock of everything that the cloud waits for by itself. */
  readonly clock: Clock;

  readonly #options: LocalCloudOptions;
  readonly #keys = makeAccessKeys();
  readonly #reaper = new Reaper();
  readonly #engine: Engine;
  readonly #publisher: StateChangePublisher;
  readonly #builds: readonly BuildMapEntry[];
  readonly #tasks = new Map<string, TaskRecord>();
  readonly #calls: ApiCall[] = [];
  readonly #denials: Denial[] = [];
  #emulator: Emulator | undefined;
  #deployer: Deployer | undefined;
  #autoscaler: Autoscaler | undefined;
  /** Those of the app. */
  #stacks: readonly DeployedStack[] = [];
  readonly #otherStacks = new OtherStacks();
  #hasStarted = false;
  #stopped: Promise<void> | undefined;

  private constructor(options: LocalCloudOptions) {
    super();
    this.#options = options;
    this.region = options.region ?? 'us-east-1';
    this.account = options.account ?? '000000000000';
    checkOptions(options);
    this.clock = new Clock(options.speed ?? 1, options.processClock ?? 'real', {
      forward: (seconds) => this.#running().advanceClock(seconds),
      minutes: async () => this.#autoscaler?.minutes(),
    });
    for (const [event, listener] of Object.entries(options.on ?? {})) {
      this.on(event as keyof LocalCloudEvents, listener);
    }
    const tasks = loadTaskMap(options.tasks);
    this.#builds = tasks.builds ?? [];
    this.logDir =
      options.logDir === undefined ? mkdtempSync(join(tmpdir(), 'fileworks-local-')) : resolve(options.logDir);
    mkdirSync(this.logDir, { recursive: true });
    const config = (): ClientConfig => this.clientConfig();
    this.#publisher = new StateChangePublisher((event) => {
      this.#running()
        .putServiceEvent(event)
        .catch((error: unknown) => this.#reportLostEvent(error));
    });
    this.#engine = new Engine({
      tasks,
      logDir: this.logDir,
      agent: new Agent(config, this.clock),
      clock: this.clock,
      reaper: this.#reaper,
      ...(options.dockerHost !== undefined && { dockerHost: options.dockerHost }),
      line: (line) => this.#line(line),
      output: (taskArn, container, line) => this.emit('output', { taskArn, container, line }),
    });
    this.faults = new Faults(
      this.#engine,
      this.#publisher,
      () => this.#running(),
      (arn) => this.#tasks.get(arn),
    );
  }

  /** URL of the AWS API. */
  get endpoint(): string {
    return this.#running().endpoint;
  }

  get credentials(): ClientConfig['credentials'] {
    return this.clientConfig().credentials;
  }

  /**
   * For the constructor of any AWS SDK v3 client; with the default account and region unless `environment` names
   * others.
   */
  clientConfig(environment: Partial<Environment> = {}): ClientConfig {
    return clientConfig(this.endpoint, this.#keys, { account: this.account, region: this.region, ...environment });
  }

  /** Names of the deployed stacks, in the order of their deployment. */
  stacks(): readonly string[] {
    return this.#deployed.map(({ name }) => name);
  }

  /** Outputs of a stack. Throws when no such stack is deployed. */
  outputs(stack: string): Readonly<Record<string, string>> {
    return this.#stack(stack).outputs;
  }

  /** Physical ids of the resources of a stack by logical id. Throws when no such stack is deployed. */
  resources(stack: string): Readonly<Partial<Record<string, string>>> {
    return this.#stack(stack).resources;
  }

  /** Every task since the start in its latest state, oldest task first. */
  tasks(): readonly LocalTask[] {
    return [...this.#tasks.values()].map((task) => {
      const role = this.#engine.role(task.taskArn);
      return { ...task, ...(role !== undefined && { role }), processes: this.#engine.processes(task.taskArn) };
    });
  }

  /** AWS API calls, oldest first: those of tasks and functions with their role, all others without. */
  calls(): readonly ApiCall[] {
    return this.#calls;
  }

  /** Permissions that the app lacked since the start, one for each principal, action and resource. */
  denials(): readonly Denial[] {
    return this.#denials;
  }

  /** Every Allow statement of the deployed templates, with what it was for since the start. */
  async statements(): Promise<readonly StatementUse[]> {
    return statementUses(this.#deployed, await this.#running().usedStatements());
  }

  /** An allowed call of each kind since the start, of every caller but the account's root user. */
  authorizedCalls(): Promise<readonly AuthorizedCall[]> {
    return this.#running().authorizedCalls();
  }

  /** Whether the deployed policies would allow each of these calls, which may have been recorded in another run. */
  judge(calls: readonly AuthorizedCall[]): Promise<readonly boolean[]> {
    return this.#running().judgeCalls(calls);
  }

  /** CloudWatch alarms of the deployed templates, with their transitions since the start. */
  alarms(): readonly AlarmView[] {
    return this.#autoscaler?.alarms() ?? [];
  }

  /** Scalable targets of the deployed templates, with their activities since the start. */
  scaling(): readonly ScalableTargetView[] {
    return this.#autoscaler?.targets() ?? [];
  }

  /**
   * Deploys the app again, or another one instead: changed stacks are updated and their services rolled, removed stacks
   * are deleted.
   */
  async update(app = this.#app()): Promise<void> {
    const stacks = this.#read(app);
    // Those that the app no longer has are deleted below
    this.#otherStacks.exclude([...stacks, ...this.#stacks]);
    this.#engine.useAssets(stacks.flatMap(({ images }) => images));
    const emulator = this.#running();
    this.#deployer ??= new Deployer({
      clientConfig: (environment) => this.clientConfig(environment),
      knownTypes: emulator.resourceTypes,
      logDir: this.logDir,
      line: (line) => this.#line(line),
      check: async ({ name: stack, template, parameters, environment }) =>
        (await emulator.checkTemplate?.({ stack, template, parameters, ...environment })) ?? { errors: [], notes: [] },
    });
    this.#stacks = await this.#deployer.deploy(stacks, this.#stacks);
    await this.#autoscaler?.follow(this.#deployed);
  }

  /**
   * Stops every task as ECS does: SIGTERM, and SIGKILL after `timeoutSeconds`. No task starts afterwards; call `stop()`
   * next.
   *
   * @param timeoutSeconds default: the longest `stopTimeout` of Fargate
   */
  async drain(timeoutSeconds = MAX_STOP_TIMEOUT_SECONDS): Promise<void> {
    await this.#autoscaler?.stop();
    await this.#engine.drain(timeoutSeconds);
  }

  /** Kills the tasks, stops autoscaler and emulator, removes the default log directory; may be called again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #start(): Promise<void> {
    // The app is read before anything starts, because most errors are in it.
    this.#read(this.#app());
    this.#reaper.start();
    const dockerHost = await this.#engine.start();
    const make = this.#options.emulator ?? ((emulatorOptions) => new Ministack(emulatorOptions, this.#reaper));
    this.#emulator = make({
      ...(this.#options.port !== undefined && { port: this.#options.port }),
      region: this.region,
      account: this.account,
      keys: this.#keys,
      toolsDir: resolve(this.#options.toolsDir ?? process.env['FILEWORKS_TOOLS_DIR'] ?? '.tools'),
      python: this.#options.python ?? 'python3',
      logDir: this.logDir,
      dockerHost,
      authorization: this.#options.authorization ?? 'enforce',
      builds: this.#builds,
      ...(this.#options.engines !== undefined && { engines: this.#options.engines }),
      queueMetrics: this.#options.queueMetrics ?? 'active',
      clock: this.clock,
      observer: {
        line: (line) => this.#line(line),
        task: (task) => this.#onTask(task),
        call: (call) => this.#onCall(call),
        denial: (denial) => this.#onDenial(denial),
        stack: (stack) => this.#onStack(stack),
        request: (request) => this.#onRequest(request),
        died: (reason) => this.#onDeath(reason),
      },
    });
    await this.#emulator.start();
    this.#autoscaler = new Autoscaler({
      clientConfig: (environment) => this.clientConfig(environment),
      clock: this.clock,
      report: (minute) => this.#running().reportMetrics(minute),
      line: (line) => this.#line(line),
      alarm: (transition) => this.emit('alarm', transition),
      scaling: (activity) => this.emit('scaling', activity),
    });
    await this.update();
    this.#autoscaler.start();
    this.#hasStarted = true;
  }

  async #stop(): Promise<void> {
    await this.#autoscaler?.stop();
    await this.#emulator?.stop();
    await this.#engine.stop();
    await this.#reaper.stop();
    // The error of a failed start names its log, which is therefore kept.
    if (this.#options.logDir === undefined && this.#hasStarted) {
      rmSync(this.logDir, { recursive: true, force: true });
    }
  }

  #onTask(task: TaskRecord): void {
    const known = this.#tasks.get(task.taskArn);
    this.#tasks.set(task.taskArn, task);
    // ECS counts the changes that raise an event: not those of its health, or of a state that it passes at once.
    if (task.version !== known?.version) {
      this.#publisher.publish(task);
      this.emit('task', { task });
    }
  }

  #onCall(call: ApiCall): void {
    this.#calls.push(call);
    if (this.#calls.length > KEPT_CALLS) {
      this.#calls.splice(0, KEPT_CALLS / 10);
    }
  }

  #onDenial(denial: Denial): void {
    this.#denials.push(denial);
    this.#line(`not authorized: ${denial.reason}`);
    this.emit('denial', denial);
  }

  #onStack(stack: ReportedStack): void {
    if (this.#otherStacks.follow(stack)) {
      this.#line(`${stack.name}: ${stack.deployed ? 'deployed' : 'deleted'} by another program`);
      this.#autoscaler?.follow(this.#deployed).catch((error: unknown) => this.#line(`autoscaler: ${messageOf(error)}`));
    }
  }

  #onRequest(request: ServiceRequest): Promise<ServiceAnswer> {
    if (request.service === 'cloudformation') {
      return Promise.resolve(
        this.#otherStacks.prepare(request, this.#running().resourceTypes, (line) => this.#line(line)),
      );
    }
    const starting = {
      status: 503,
      body: { __type: 'InternalServiceException', message: 'the local cloud is starting' },
    };
    return Promise.resolve(this.#autoscaler?.answer(request) ?? starting);
  }

  #onDeath(reason: string): void {
    this.#line(reason);
    void this.stop().then(() => this.emit('end'));
  }

  /** While the cloud stops, the events of its last tasks cannot be delivered. */
  #reportLostEvent(error: unknown): void {
    if (!this.#stopped) {
      this.#line(`a state change event was lost: ${messageOf(error)}`);
    }
  }

  #line(line: string): void {
    this.emit('line', line);
  }

  get #deployed(): readonly DeployedStack[] {
    return [...this.#stacks, ...this.#otherStacks.deployed()];
  }

  #app(): string | false {
    return this.#options.app ?? 'cdk.out';
  }

  #read(app: string | false): readonly StackArtifact[] {
    return app === false ? [] : readAssembly(resolve(app), { account: this.account, region: this.region });
  }

  #running(): Emulator {
    if (!this.#emulator) {
      throw new LocalCloudError('EmulatorFailed', 'the local cloud has not started');
    }
    return this.#emulator;
  }

  #stack(name: string): DeployedStack {
    const stack = this.#deployed.find((candidate) => candidate.name === name);
    if (!stack) {
      throw new LocalCloudError(
        'OptionInvalid',
        `no stack ${name} is deployed; deployed are ${this.stacks().join(', ') || 'none'}`,
      );
    }
    return stack;
  }
}
