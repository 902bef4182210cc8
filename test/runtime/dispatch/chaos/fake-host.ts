import { setTimeout as delay } from 'node:timers/promises';
import { type Faults } from './faults';
import { type History } from './history';
import { type Random } from './random';
import {
  type DispatchStore,
  type FileRow,
  FileTask,
  FileTaskError,
  type LaunchedTask,
  type LaunchResult,
  type TaskHost,
  type TaskState,
} from '../../../../src/runtime/dispatch/index.js';

interface Task {
  readonly arn: string;
  readonly token: string;
  state: 'pending' | 'working' | 'stopped';
  /** Of an execution: it ended well. */
  done?: boolean;
  readonly stopped: AbortController;
}

export interface FakeHostOptions {
  readonly store: DispatchStore;
  readonly history: History;
  readonly random: Random;
  readonly faults: Faults;
  readonly now: () => number;
  /** Called for the end of a task, like an ECS event: possibly lost. */
  readonly onStopped: (id: string, epoch: number, arn: string, state: TaskState) => void;
  /** Mutant: every launch starts a task of its own. */
  readonly freshTokens?: boolean;
  /** Mutant: a task that is asked after has to be over. */
  readonly silenceIsDeath?: boolean;
}

/** Files of types with this name have an execution of a state machine in place of a task. */
const isExecution = ({ type }: FileRow) => type.startsWith('X');

/** ECS as far as the protocol sees it: idempotent by token, forgetful, sometimes full, and its containers die. */
export class FakeHost implements TaskHost {
  readonly #options: FakeHostOptions;
  readonly #byToken = new Map<string, Task>();
  readonly #byArn = new Map<string, Task>();
  readonly #running = new Set<Promise<void>>();
  #started = 0;

  constructor(options: FakeHostOptions) {
    this.#options = options;
  }

  get started(): number {
    return this.#started;
  }

  async launch(file: FileRow): Promise<LaunchResult> {
    const { random, faults, freshTokens = false } = this.#options;
    await delay(random.between(0, 3));
    const token = `${file.id}@${file.epoch}`;
    const known = this.#byToken.get(token);
    if (known && !freshTokens) {
      return this.#launched(file, known);
    }
    if (random.chance(faults.refused)) {
      return { kind: 'refused', reason: 'RESOURCE:CPU' };
    }
    if (random.chance(faults.unknown)) {
      if (random.chance(0.5)) {
        this.#start(file, token);
      }
      return { kind: 'unknown', reason: 'socket hang up' };
    }
    return this.#launched(file, this.#start(file, token));
  }

  /** The launch of an execution begins the turn, because an execution does not. */
  #launched(file: FileRow, { arn, state }: Task): LaunchResult {
    return { kind: 'launched', ended: state === 'stopped', ...(isExecution(file) && { worker: arn }) };
  }

  tasksOf(file: FileRow): Promise<LaunchedTask[] | undefined> {
    if (isExecution(file)) {
      return Promise.resolve(undefined);
    }
    const task = this.#byToken.get(`${file.id}@${file.epoch}`);
    return Promise.resolve(task === undefined || task.state === 'stopped' ? [] : [{ worker: task.arn }]);
  }

  async cancel(file: FileRow): Promise<boolean> {
    const task = this.#byToken.get(`${file.id}@${file.epoch}`);
    if (task === undefined || task.state === 'stopped') {
      return true;
    }
    await this.stop(task.arn);
    return false;
  }

  async describe(arn: string): Promise<TaskState> {
    await delay(this.#options.random.between(0, 2));
    const task = this.#byArn.get(arn);
    const over = this.#options.silenceIsDeath === true || (task?.state ?? 'stopped') === 'stopped';
    return over ? endOf(task) : { kind: task?.done === undefined ? 'alive' : 'working' };
  }

  async stop(arn: string): Promise<void> {
    await delay(this.#options.random.between(0, 5));
    this.#byArn.get(arn)?.stopped.abort();
  }

  async allStopped(): Promise<void> {
    for (const { stopped } of this.#byArn.values()) {
      stopped.abort();
    }
    await Promise.all(this.#running);
  }

  #start(file: FileRow, token: string): Task {
    this.#started += 1;
    const task: Task = { arn: `arn:task/${this.#started}`, token, state: 'pending', stopped: new AbortController() };
    if (isExecution(file)) {
      task.done = false;
    }
    this.#byToken.set(token, task);
    this.#byArn.set(task.arn, task);
    const { history } = this.#options;
    history.tasksOfToken.set(token, (history.tasksOfToken.get(token) ?? 0) + 1);
    const running = (isExecution(file) ? this.#execute(file, task) : this.#run(file, task)).finally(() => {
      this.#running.delete(running);
      this.#stopped(file, task);
    });
    this.#running.add(running);
    return task;
  }

  async #run(file: FileRow, task: Task): Promise<void> {
    const { store, now, random, history, faults } = this.#options;
    await delay(random.between(0, 8));
    if (random.chance(faults.kill / 2)) {
      return;
    }
    const mine = await FileTask.begin({ store, now, fileId: file.id, epoch: file.epoch, worker: task.arn }).catch(
      refusal,
    );
    if (mine === undefined) {
      return;
    }
    task.state = 'working';
    const work = history.begins(file.id);
    await Promise.race([delay(random.between(0, faults.workMs * 2)), aborted(task.stopped.signal)]);
    if (random.chance(faults.hang)) {
      await Promise.race([delay(faults.workMs * 20), aborted(task.stopped.signal)]);
    }
    work.to = history.stamp();
    if (task.stopped.signal.aborted || random.chance(faults.kill)) {
      return;
    }
    await (random.chance(faults.fail) ? mine.fail(new Error('bad file')) : mine.complete()).catch(refusal);
  }

  /** Works as soon as it is started, and knows nothing of its turn. */
  async #execute(file: FileRow, task: Task): Promise<void> {
    const { random, history, faults } = this.#options;
    task.state = 'working';
    const work = history.begins(file.id);
    await Promise.race([delay(random.between(0, faults.workMs * 2)), aborted(task.stopped.signal)]);
    work.to = history.stamp();
    task.done = !task.stopped.signal.aborted && !random.chance(faults.kill) && !random.chance(faults.fail);
  }

  #stopped(file: FileRow, task: Task): void {
    const { random, faults, history, onStopped } = this.#options;
    task.state = 'stopped';
    if (!isExecution(file) && random.chance(faults.forget)) {
      this.#byToken.delete(task.token);
      history.tasksOfToken.delete(task.token);
    }
    if (!random.chance(faults.lostStopped)) {
      onStopped(file.id, file.epoch, task.arn, endOf(task));
    }
  }
}

const endOf = (task: Task | undefined): TaskState =>
  task?.done === true ? { kind: 'done' } : { kind: 'stopped', reason: 'stopped', interrupted: false };

function refusal(error: unknown): undefined {
  if (!(error instanceof FileTaskError)) {
    throw error;
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((done) => {
    if (signal.aborted) {
      done();
    } else {
      signal.addEventListener('abort', () => done(), { once: true });
    }
  });
