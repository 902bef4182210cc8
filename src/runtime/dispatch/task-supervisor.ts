import { type Dispatcher } from './dispatcher.js';
import { type Outcome } from './events.js';
import { type FileRow, isPaused, LAUNCH_CHECK_MS } from './rows.js';
import { type DispatchStore } from './store.js';
import { type LaunchResult, type TaskHost, type TaskState } from './task-host.js';
import { FileworksError } from '../errors.js';

/**
 * ECS remembers a client token for a day at most and forgets it with its task: far below both, a token is not used
 * again.
 */
const MAX_TOKEN_AGE_MS = 45 * 60_000;

/** The host takes no launches at the moment; the same launch again, later. */
export class LaunchThrottled extends FileworksError {
  readonly code = 'ERR_LAUNCH_THROTTLED';
}

/** A launch that cannot work until a person acts. The file is blocked; this tells whoever watches. */
export class LaunchMisconfigured extends FileworksError {
  readonly code = 'ERR_LAUNCH_MISCONFIGURED';
}

export interface TaskSupervisorOptions {
  readonly store: DispatchStore;
  readonly dispatcher: Dispatcher;
  readonly host: TaskHost;
  readonly now?: () => number;
  /** Told of every launch that did not lead to a task. */
  readonly onRefused?: (file: FileRow, reason: string) => void;
}

/** Looks after files that have been claimed: launches their tasks, and asks after tasks that went silent. */
export class TaskSupervisor {
  readonly #store: DispatchStore;
  readonly #dispatcher: Dispatcher;
  readonly #host: TaskHost;
  readonly #now: () => number;
  readonly #onRefused: (file: FileRow, reason: string) => void;

  constructor({ store, dispatcher, host, now = () => Date.now(), onRefused = () => undefined }: TaskSupervisorOptions) {
    this.#store = store;
    this.#dispatcher = dispatcher;
    this.#host = host;
    this.#now = now;
    this.#onRefused = onRefused;
  }

  /**
   * Does what a file needs next, whatever that is; safe at any time, as often as anybody likes.
   *
   * @returns whether the host was asked to launch it
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
      await this.#askAfter(file);
    } else {
      await this.#dispatcher.carryOn(id);
    }
    return false;
  }

  /**
   * One round over everything that is due, and every sequence that has a queue. One that fails does not keep the others
   * from their turn.
   *
   * @param signal ends the round early
   * @param onError told of what failed, by the id of the file or the name of the sequence
   */
  async sweep(signal?: AbortSignal, onError: (about: string, error: unknown) => void = () => undefined): Promise<void> {
    const each = async (about: string, action: () => Promise<unknown>) =>
      action().catch((error: unknown) => onError(about, error));
    for await (const id of this.#store.dueFiles(this.#now())) {
      if (signal?.aborted === true) {
        return;
      }
      await each(id, () => this.tick(id));
    }
    for await (const { sequence } of this.#store.backlog()) {
      if (signal?.aborted === true) {
        return;
      }
      await each(sequence, () => this.#dispatcher.drive(sequence));
    }
  }

  async #retry(file: FileRow): Promise<void> {
    await this.#dispatcher.apply(file.id, { type: 'retry' });
  }

  /**
   * What a host tells of a worker unasked. Safe at any time, also when the launch that made it has not been noted yet.
   */
  async hear(id: string, epoch: number, worker: string, state: TaskState): Promise<Outcome> {
    switch (state.kind) {
      case 'over':
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
    if (isPaused(await this.#store.pauses(), file)) {
      return false;
    }
    const age = this.#now() - file.updatedAt;
    const hasTask = age > MAX_TOKEN_AGE_MS ? await this.#host.hasTask(file) : undefined;
    if (hasTask === true) {
      await this.#dispatcher.look(id);
      return false;
    }
    if (hasTask === false) {
      await this.#dispatcher.apply(id, { type: 'interrupt', epoch, reason: 'no task was found for the launch' });
      return false;
    }
    await this.#take(file, await this.#host.launch(file), age);
    return true;
  }

  async #take(file: FileRow, result: LaunchResult, age: number): Promise<void> {
    const { id, epoch } = file;
    switch (result.kind) {
      case 'launched':
        return this.#launched(file, result);
      case 'sent':
        // Sent again each time after twice the wait, should it have been lost: whoever finds it twice begins once
        return (file.dueAt ?? 0) <= this.#now() ? this.#dispatcher.look(id, Math.max(LAUNCH_CHECK_MS, age)) : undefined;
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
        return; // the sweeper makes the same call again and learns what became of it
    }
  }

  async #launched(
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
    // The file went another way while it was launched
    if (outcome === 'refused') {
      await this.#host.stop(worker, 'it is not its turn');
    } else if (ended) {
      await this.hear(id, epoch, worker, await this.#host.describe(worker));
    }
  }

  /**
   * Silence is no evidence: a task is stopped, and over only when its host says so. Where no host can say, silence must
   * do.
   */
  async #askAfter({ id, epoch, worker, dueAt, beganAt = 0, policy }: FileRow): Promise<void> {
    if (worker === undefined) {
      throw new Error(`file ${id} is running without a worker`);
    }
    const state = await this.#host.describe(worker);
    if (state.kind === 'over' || state.kind === 'done') {
      await this.hear(id, epoch, worker, state);
      return;
    }
    if (dueAt === undefined || dueAt > this.#now()) {
      return;
    }
    if (state.kind === 'working' && this.#now() < beganAt + policy.maxRuntimeMs) {
      await this.#dispatcher.apply(id, { type: 'heartbeat', epoch, worker });
    } else if (state.kind === 'untold') {
      await this.#dispatcher.apply(id, {
        type: 'stopped',
        epoch,
        worker,
        reason: 'no heartbeat in time, or longer than the maximum',
      });
    } else {
      await this.#host.stop(worker, 'no heartbeat in time, or longer than the maximum');
      await this.#dispatcher.look(id);
    }
  }
}
