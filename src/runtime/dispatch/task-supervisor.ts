import { type Dispatcher } from './dispatcher.js';
import { type Outcome } from './events.js';
import { type FileRow, isPaused, LAUNCH_CHECK_MS } from './rows.js';
import { type DispatchStore } from './store.js';
import { SweepPosition } from './sweep-position.js';
import { type LaunchedTask, type LaunchResult, type TaskHost, type TaskState } from './task-host.js';
import { FileworksError } from '../errors.js';

/**
 * ECS keeps a client token for at most a day, and not longer than its task. A token is reused only well within both
 * limits.
 */
const MAX_TOKEN_AGE_MS = 45 * 60_000;
/** Interval after which a task that was canceled is checked again. */
const CANCEL_CHECK_MS = 60_000;
/** Sequences after which a sweep records its position, in case its process is stopped. */
const RECORDED = 25;
const TIME_IS_OVER = 'no heartbeat in time, or maximum run time exceeded';

/** The host throttled the launch; repeat the same launch later. */
export class LaunchThrottled extends FileworksError {
  readonly code = 'ERR_LAUNCH_THROTTLED';
}

/** The launch cannot succeed until an operator acts. The file is blocked; this error makes the failure visible. */
export class LaunchMisconfigured extends FileworksError {
  readonly code = 'ERR_LAUNCH_MISCONFIGURED';
}

export interface TaskSupervisorOptions {
  readonly store: DispatchStore;
  readonly dispatcher: Dispatcher;
  readonly host: TaskHost;
  readonly now?: () => number;
  /** Called for every launch that was refused. */
  readonly onRefused?: (file: FileRow, reason: string) => void;
}

/** Supervises claimed files: launches their tasks, and checks tasks that send no heartbeats. */
export class TaskSupervisor {
  readonly #store: DispatchStore;
  readonly #dispatcher: Dispatcher;
  readonly #host: TaskHost;
  readonly #now: () => number;
  readonly #onRefused: (file: FileRow, reason: string) => void;
  readonly #position: SweepPosition;
  /** Due files that a pass checked before it was ended early. */
  readonly #checked = new Set<string>();

  constructor({ store, dispatcher, host, now = () => Date.now(), onRefused = () => undefined }: TaskSupervisorOptions) {
    this.#store = store;
    this.#dispatcher = dispatcher;
    this.#host = host;
    this.#now = now;
    this.#onRefused = onRefused;
    this.#position = new SweepPosition(store);
  }

  /**
   * Performs the next step of a file. Idempotent, and may be called at any time.
   *
   * @returns whether a launch was requested from the host
   */
  async tick(id: string): Promise<boolean> {
    const file = await this.#store.file(id);
    if (file === undefined) {
      return false;
    }
    if (file.status === 'starting') {
      return this.#launch(file);
    }
    if (file.status === 'waiting') {
      await this.#retry(file);
    } else if (file.status === 'running') {
      await this.#checkTask(file);
    } else {
      await this.#dispatcher.advanceFile(id);
    }
    return false;
  }

  /**
   * One pass over all due files and all sequences with a queue. A failure does not affect the other files and
   * sequences. After a pass that was ended early, the next one continues where it ended, also in another process.
   *
   * @param signal ends the pass early
   * @param onError called for each failure, with the id of the file or the name of the sequence
   */
  async sweep(signal?: AbortSignal, onError: (about: string, error: unknown) => void = () => undefined): Promise<void> {
    const each = async (about: string, action: () => Promise<unknown>) =>
      action().catch((error: unknown) => onError(about, error));
    const ended = () => signal?.aborted === true;
    for await (const id of this.#store.dueFiles(this.#now())) {
      if (ended()) {
        return;
      }
      if (!this.#checked.has(id)) {
        this.#checked.add(id);
        await each(id, () => this.tick(id));
      }
    }
    // The sequences follow even if more files become due than one pass can check
    this.#checked.clear();
    await this.#sweepSequences(ended, each);
  }

  /** The sequences are a circle, which begins after the last one of a pass that was ended early. */
  async #sweepSequences(
    ended: () => boolean,
    each: (about: string, action: () => Promise<unknown>) => Promise<unknown>,
  ): Promise<void> {
    const record = async (after?: string) => each('position of the sweep', () => this.#position.write(after));
    let driven = 0;
    let last: string | undefined;
    await each('position of the sweep', async () => {
      last = await this.#position.read();
    });
    for await (const { sequence } of this.#store.backlog(last)) {
      if (ended()) {
        await record(last);
        return;
      }
      await each(sequence, () => this.#dispatcher.drive(sequence));
      last = sequence;
      driven += 1;
      if (driven % RECORDED === 0) {
        await record(last);
      }
    }
    await record();
  }

  async #retry(file: FileRow): Promise<void> {
    await this.#dispatcher.apply(file.id, { type: 'retry' });
  }

  /**
   * Applies a state that a host reported in an event. Safe at any time, even before the launch of the task is recorded.
   */
  async handleTaskState(id: string, epoch: number, worker: string, state: TaskState): Promise<Outcome> {
    switch (state.kind) {
      case 'stopped':
        return this.#dispatcher.apply(id, {
          type: state.interrupted ? 'interrupt' : 'stopped',
          epoch,
          worker,
          reason: state.reason,
        });
      case 'done':
        await this.#dispatcher.apply(id, { type: 'begin', epoch, worker });
        return this.#dispatcher.apply(id, { type: 'complete', epoch, worker });
      default:
        return 'kept';
    }
  }

  async #launch(file: FileRow): Promise<boolean> {
    const { id, epoch } = file;
    if (file.cancelReason !== undefined) {
      await this.#cancelLaunch(file, file.cancelReason);
      return false;
    }
    if (isPaused(await this.#store.pauses(), file)) {
      return false;
    }
    const age = this.#now() - file.updatedAt;
    const isTokenOld = age > MAX_TOKEN_AGE_MS;
    const tasks = isTokenOld || (file.dueAt ?? 0) <= this.#now() ? await this.#host.tasksOf(file) : undefined;
    if (tasks !== undefined && tasks.length > 0) {
      await this.#awaitBegin(file, tasks);
      return false;
    }
    if (tasks !== undefined && isTokenOld) {
      await this.#dispatcher.apply(id, { type: 'interrupt', epoch, reason: 'no task was found for the launch' });
      return false;
    }
    await this.#handleLaunch(file, await this.#host.launch(file), age);
    return true;
  }

  /** A canceled file is not launched, and a task that was launched before cannot begin it. */
  async #cancelLaunch(file: FileRow, reason: string): Promise<void> {
    const { id, epoch } = file;
    if (await this.#host.cancel(file, reason)) {
      await this.#dispatcher.apply(id, { type: 'interrupt', epoch, reason });
    } else {
      await this.#dispatcher.postponeCheck(id, CANCEL_CHECK_MS);
    }
  }

  /**
   * A task that runs and does not begin hangs: it is stopped after the time in which a worker must send a heartbeat.
   */
  async #awaitBegin({ id, policy }: FileRow, tasks: readonly LaunchedTask[]): Promise<void> {
    const now = this.#now();
    const due = tasks.map(({ startedAt = now }) => startedAt + policy.hangTimeoutMs);
    for (const { worker } of tasks.filter((_, index) => due[index] <= now)) {
      await this.#host.stop(worker, 'it did not begin its file in time');
    }
    const next = Math.min(...due.filter((at) => at > now), now + LAUNCH_CHECK_MS);
    await this.#dispatcher.postponeCheck(id, next - now);
  }

  async #handleLaunch(file: FileRow, result: LaunchResult, age: number): Promise<void> {
    const { id, epoch } = file;
    switch (result.kind) {
      case 'launched':
        return this.#handleLaunched(file, result);
      case 'sent':
        // Sent again after doubling intervals, in case it was lost: of duplicate messages, one begins the turn
        return (file.dueAt ?? 0) <= this.#now()
          ? this.#dispatcher.postponeCheck(id, Math.max(LAUNCH_CHECK_MS, age))
          : undefined;
      case 'refused':
        this.#onRefused(file, result.reason);
        await this.#dispatcher.apply(id, { type: 'refuse', epoch, reason: result.reason });
        return;
      case 'misconfigured':
        await this.#dispatcher.apply(id, { type: 'misconfigured', epoch, reason: result.reason });
        throw new LaunchMisconfigured(`file ${id} cannot be launched: ${result.reason}`);
      case 'throttled':
        throw new LaunchThrottled(`launch of file ${id} was throttled: ${result.reason}`);
      case 'unknown':
        return; // the sweeper repeats the call, which then returns the result
    }
  }

  async #handleLaunched(
    { id, epoch }: FileRow,
    { ended, worker }: Extract<LaunchResult, { kind: 'launched' }>,
  ): Promise<void> {
    if (worker === undefined) {
      if (ended) {
        await this.#dispatcher.apply(id, { type: 'stopped', epoch, reason: 'the task stopped before it began' });
      }
      return;
    }
    const outcome = await this.#dispatcher.apply(id, { type: 'begin', epoch, worker });
    // The file changed its status during the launch
    if (outcome === 'refused') {
      await this.#host.stop(worker, 'not its turn');
    } else if (ended) {
      await this.handleTaskState(id, epoch, worker, await this.#host.describe(worker));
    }
  }

  /**
   * Missing heartbeats are no evidence of a stopped task: the task is stopped, and counts as stopped once its host
   * confirms it. For hosts without this information, missing heartbeats must suffice.
   */
  async #checkTask({ id, epoch, worker, dueAt, beganAt = 0, policy, cancelReason }: FileRow): Promise<void> {
    if (worker === undefined) {
      throw new Error(`file ${id} is running without a worker`);
    }
    const state = await this.#host.describe(worker);
    if (state.kind === 'stopped' || state.kind === 'done') {
      await this.handleTaskState(id, epoch, worker, state);
      return;
    }
    if (cancelReason !== undefined && state.kind !== 'unknown') {
      await this.#host.stop(worker, cancelReason);
      await this.#dispatcher.postponeCheck(id, CANCEL_CHECK_MS);
      return;
    }
    if (dueAt === undefined || dueAt > this.#now()) {
      return;
    }
    if (state.kind === 'working' && this.#now() < beganAt + policy.maxRuntimeMs) {
      await this.#dispatcher.apply(id, { type: 'heartbeat', epoch, worker });
    } else if (state.kind === 'unknown') {
      await this.#dispatcher.apply(id, {
        type: 'stopped',
        epoch,
        worker,
        reason: TIME_IS_OVER,
      });
    } else if (await this.#dispatcher.recordStop(id, epoch, worker, TIME_IS_OVER)) {
      await this.#host.stop(worker, TIME_IS_OVER);
    }
  }
}
