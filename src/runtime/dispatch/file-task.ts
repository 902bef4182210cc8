import { decide } from './decide.js';
import { type DispatchEvent } from './events.js';
import { FileTaskError, NotMyTurn, TurnLost } from './file-task-errors.js';
import { type FileObject, type FileRow } from './rows.js';
import { type DispatchStore } from './store.js';
import { whyNotStorable } from './storable-result.js';
import { untilRecorded } from './until-recorded.js';
import { messageOf, readable } from '../support/thrown.js';

const MAX_ATTEMPTS = 12;
export const MAX_REASON = 1_000;

export interface FileTaskOptions {
  readonly store: DispatchStore;
  readonly fileId: string;
  /** Number of this launch of the file. */
  readonly epoch: number;
  /** Unique name of this container: on ECS, the ARN of its task. */
  readonly worker: string;
  /** Log of this container, as in `FileRow.log`. */
  readonly log?: string;
  readonly now?: () => number;
}

export interface FailOptions {
  /** A retry cannot succeed: the file is parked or blocked at once. */
  readonly final?: boolean;
  /** Time until the next attempt, instead of the backoff of the type. */
  readonly retryAfterMs?: number;
}

type WorkerEvent = Extract<DispatchEvent, { type: 'begin' | 'heartbeat' | 'complete' | 'skip' | 'fail' | 'interrupt' }>;

/**
 * The turn of one file, for its container.
 *
 * `begin()` makes turns exclusive: of all containers launched for a file, one begins. The turn ends with exactly one of
 * `complete`, `fail`, `skip` and `interrupt`; if the container stops without one, the dispatcher receives the ECS
 * event.
 *
 * While the store is unavailable, these five are tried again until they are recorded or the turn is over.
 */
export class FileTask {
  /**
   * Begins the turn.
   *
   * @throws NotMyTurn if another container has the file, or the turn is over; exit without side effects
   */
  static async begin(options: FileTaskOptions): Promise<FileTask> {
    const file = await untilRecorded(() => options.store.file(options.fileId));
    if (file === undefined) {
      throw new NotMyTurn(`file ${options.fileId} is not registered`);
    }
    const task = new FileTask(options, file);
    const { epoch, worker, log } = options;
    await untilRecorded(() =>
      task.#apply(
        { type: 'begin', epoch, worker, ...(log !== undefined && { log }) },
        (now) => new NotMyTurn(`file ${now.id} is ${now.status} in epoch ${now.epoch}, not starting in epoch ${epoch}`),
      ),
    );
    return task;
  }

  readonly #options: FileTaskOptions;
  #file: FileRow;

  private constructor(options: FileTaskOptions, file: FileRow) {
    this.#options = options;
    this.#file = file;
  }

  get id(): string {
    return this.#file.id;
  }

  get object(): FileObject {
    return this.#file.object;
  }

  get type(): string {
    return this.#file.type;
  }

  /** 1 for the first attempt; refused launches and interrupted containers do not count. */
  get attempt(): number {
    return this.#file.attempts;
  }

  get correlationId(): string {
    return this.#file.correlationId;
  }

  /** Time without a heartbeat after which the container is stopped. */
  get hangTimeoutMs(): number {
    return this.#file.policy.hangTimeoutMs;
  }

  /**
   * Fencing token: grows with every claim of this file's sequence, or of its slot if there are several. Pass it with
   * your writes, and let the target refuse a smaller token than it has seen: only this stops a container that ECS
   * reports as stopped but that is still running.
   */
  get fence(): number {
    return this.#file.fence ?? this.#file.epoch;
  }

  /** Extends the turn. @throws TurnLost if the turn is over: stop, the result is discarded */
  async heartbeat(): Promise<void> {
    await this.#event({ type: 'heartbeat', ...this.#self() });
  }

  /**
   * The file is done; `result` is stored in its row: JSON of at most 64 KB, with numbers up to 2^53 - 1. Another one is
   * left out, and the reason of the row says why. Idempotent.
   *
   * @throws TurnLost if the turn was over
   */
  async complete(result?: unknown): Promise<void> {
    const problem = whyNotStorable(result);
    const outcome =
      problem === undefined
        ? { ...(result !== undefined && { result }) }
        : { reason: `completed, but its result is not stored: ${problem}`.slice(0, MAX_REASON) };
    await untilRecorded(() => this.#event({ type: 'complete', ...this.#self(), ...outcome }));
  }

  /**
   * There is nothing to do: the object was deleted or overwritten. Idempotent. @throws TurnLost if the turn was over
   */
  async skip(reason: string): Promise<void> {
    await untilRecorded(() => this.#event({ type: 'skip', ...this.#self(), reason }));
  }

  /** The attempt failed; the policy of the type applies. @throws TurnLost if the turn was over */
  async fail(error: unknown, options: FailOptions = {}): Promise<void> {
    await untilRecorded(() => this.#event({ type: 'fail', ...this.#self(), reason: reasonOf(error), ...options }));
  }

  /**
   * The container must stop before it is done, for a reason unrelated to the file; the attempt does not count. @throws
   * TurnLost
   */
  async interrupt(reason: string): Promise<void> {
    await untilRecorded(() => this.#event({ type: 'interrupt', ...this.#self(), reason }));
  }

  #self() {
    return { epoch: this.#options.epoch, worker: this.#options.worker };
  }

  async #event(event: WorkerEvent): Promise<void> {
    await this.#apply(
      event,
      (now) =>
        new TurnLost(
          now.cancelReason === undefined
            ? `file ${now.id} is ${now.status} in epoch ${now.epoch}: ${event.type} is too late`
            : `file ${now.id} was canceled: ${now.cancelReason}`,
        ),
    );
  }

  /** Decides on the row as last read, which saves a read; reads it again if it has changed. */
  async #apply(event: WorkerEvent, refusal: (file: FileRow) => FileTaskError): Promise<void> {
    const { store, fileId, now = Date.now } = this.#options;
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
      const { outcome, writes } = decide({ file: this.#file }, event, now());
      const committed = writes.length > 0 && (await store.commit(writes));
      if (committed) {
        this.#file = after(this.#file, writes);
      }
      if (committed || (writes.length === 0 && outcome === 'kept')) {
        return;
      }
      // Refused on a row that may be outdated, or lost to a concurrent write: read again before failing
      const file = await store.file(fileId);
      if (file === undefined) {
        throw new TurnLost(`file ${fileId} is no longer registered`);
      }
      if (outcome === 'refused' && file.rev === this.#file.rev) {
        throw refusal(file);
      }
      this.#file = file;
    }
    throw new TurnLost(`too many concurrent changes of file ${fileId}`);
  }
}

function after(file: FileRow, writes: ReturnType<typeof decide>['writes']): FileRow {
  const change = writes.find((write) => write.kind === 'update')?.change ?? {};
  return { ...file, ...change, rev: file.rev + 1 };
}

function reasonOf(thrown: unknown): string {
  const error = readable(thrown);
  return (error instanceof Error ? `${error.name}: ${error.message}` : messageOf(error)).slice(0, MAX_REASON);
}
