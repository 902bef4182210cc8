import { decide } from './decide.js';
import { type DispatchEvent } from './events.js';
import { FileTaskError, NotMyTurn, TurnLost } from './file-task-errors.js';
import { type FileObject, type FileRow } from './rows.js';
import { type DispatchStore } from './store.js';

const MAX_RACES = 12;

export interface FileTaskOptions {
  readonly store: DispatchStore;
  readonly fileId: string;
  /** Which launch of the file this is. */
  readonly epoch: number;
  /** Names this container for good: on ECS, the ARN of its task. */
  readonly worker: string;
  readonly now?: () => number;
}

export interface FailOptions {
  /** No retry can help: the file is parked, or blocks its sequence, at once. */
  readonly final?: boolean;
  /** Time until the next attempt, instead of the backoff of the type. */
  readonly retryAfterMs?: number;
}

type WorkerEvent = Extract<DispatchEvent, { type: 'begin' | 'heartbeat' | 'complete' | 'skip' | 'fail' | 'interrupt' }>;

/**
 * The turn of one file, from the side of its container.
 *
 * `begin()` is what makes turns exclusive: of all containers that were ever launched for a file, one begins. It ends
 * with exactly one of
 * `complete`, `fail`, `skip` and `interrupt`; when the container dies instead, ECS tells the dispatcher.
 */
export class FileTask {
  /**
   * Begins the turn.
   *
   * @throws NotMyTurn another container has the file, or its turn is over; end without touching anything
   */
  static async begin(options: FileTaskOptions): Promise<FileTask> {
    const file = await options.store.file(options.fileId);
    if (file === undefined) {
      throw new NotMyTurn(`file ${options.fileId} is not registered`);
    }
    const task = new FileTask(options, file);
    const { epoch, worker } = options;
    await task.#apply(
      { type: 'begin', epoch, worker },
      (now) => new NotMyTurn(`file ${now.id} is ${now.status} in epoch ${now.epoch}, not starting in epoch ${epoch}`),
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

  /** How long the container may stay silent before it is stopped. */
  get hangTimeoutMs(): number {
    return this.#file.policy.hangTimeoutMs;
  }

  /**
   * Grows with every claim of this file's sequence (of its slot, where several files may work at once). Give it to
   * whatever you write to,
   * and have that refuse a smaller one than it has seen: nothing else can stop a container that ECS has declared dead
   * but that is not.
   */
  get fence(): number {
    return this.#file.fence ?? this.#file.epoch;
  }

  /**
   * Tells that the container is alive. @throws TurnLost the turn is over: stop, nothing that you still do will count
   */
  async heartbeat(): Promise<void> {
    await this.#event({ type: 'heartbeat', ...this.#self() });
  }

  /**
   * The file is done; `result` (JSON, small) is kept with it. Safe to repeat. @throws TurnLost the turn was over before
   */
  async complete(result?: unknown): Promise<void> {
    await this.#event({ type: 'complete', ...this.#self(), ...(result !== undefined && { result }) });
  }

  /**
   * There is nothing to do: the object is gone, or was overwritten. Safe to repeat. @throws TurnLost the turn was over
   * before
   */
  async skip(reason: string): Promise<void> {
    await this.#event({ type: 'skip', ...this.#self(), reason });
  }

  /** The attempt failed. What follows is the type's policy. @throws TurnLost the turn was over before */
  async fail(error: unknown, options: FailOptions = {}): Promise<void> {
    await this.#event({ type: 'fail', ...this.#self(), reason: reasonOf(error), ...options });
  }

  /**
   * The container must go before it is done, through no fault of the file; the attempt does not count. @throws TurnLost
   */
  async interrupt(reason: string): Promise<void> {
    await this.#event({ type: 'interrupt', ...this.#self(), reason });
  }

  #self() {
    return { epoch: this.#options.epoch, worker: this.#options.worker };
  }

  async #event(event: WorkerEvent): Promise<void> {
    await this.#apply(
      event,
      (now) => new TurnLost(`file ${now.id} is ${now.status} in epoch ${now.epoch}: ${event.type} comes too late`),
    );
  }

  /** Decides on the row as it was last seen, which spares a read; reads it again when somebody else has changed it. */
  async #apply(event: WorkerEvent, refusal: (file: FileRow) => FileTaskError): Promise<void> {
    const { store, fileId, now = Date.now } = this.#options;
    for (let races = 0; races < MAX_RACES; races += 1) {
      const { outcome, writes } = decide({ file: this.#file }, event, now());
      const committed = writes.length > 0 && (await store.commit(writes));
      if (committed) {
        this.#file = after(this.#file, writes);
      }
      if (committed || (writes.length === 0 && outcome === 'kept')) {
        return;
      }
      // Refused on a row that may be old, or beaten by another write: look again before giving up
      const file = await store.file(fileId);
      if (file === undefined) {
        throw new TurnLost(`file ${fileId} is no longer registered`);
      }
      if (outcome === 'refused' && file.rev === this.#file.rev) {
        throw refusal(file);
      }
      this.#file = file;
    }
    throw new TurnLost(`too many others changed file ${fileId}`);
  }
}

function after(file: FileRow, writes: ReturnType<typeof decide>['writes']): FileRow {
  const change = writes.find((write) => write.kind === 'update')?.change ?? {};
  return { ...file, ...change, rev: file.rev + 1 };
}

const MAX_REASON = 1_000;
const reasonOf = (error: unknown) =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, MAX_REASON);
