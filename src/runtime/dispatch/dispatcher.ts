import { Claims } from './claims.js';
import { Contention, MAX_COMMITS } from './contention.js';
import { decide } from './decide.js';
import { type DispatcherOptions } from './dispatcher-options.js';
import {
  type Arrival,
  type Decision,
  type DispatchEvent,
  type DispatchState,
  type EventOf,
  type Outcome,
} from './events.js';
import { freePlaces, type Limits, limitsOf } from './limits.js';
import { LimitTurns } from './limit-turns.js';
import { type FileObject, type FileRow, type PauseRow, isTerminal } from './rows.js';
import { type DispatchStore } from './store.js';

/** Events of a registered file. */
export type FileEvent = Exclude<
  DispatchEvent,
  { type: 'arrive' | 'remove' | 'claim' | 'pause' | 'resume' | 'regroup' }
>;

/**
 * Records events and claims turns of files. Every method may be called concurrently, at any time and repeatedly: each
 * reads rows, decides, and commits only if those rows are unchanged.
 */
export class Dispatcher {
  readonly #store: DispatchStore;
  readonly #wake: DispatcherOptions['wake'];
  readonly #now: () => number;
  readonly #limits: Limits;
  readonly #claims: Claims;
  readonly #turns: LimitTurns;

  constructor({ store, wake, now = () => Date.now(), limits = {}, random = Math.random }: DispatcherOptions) {
    this.#store = store;
    this.#wake = wake;
    this.#now = now;
    this.#limits = limits;
    this.#claims = new Claims({ store, wake, now, limits, random });
    this.#turns = new LimitTurns({ store, limits }, this.#claims);
  }

  /**
   * Registers a file and claims free slots. For a registered file only the second step is done, in case an earlier call
   * was interrupted before it.
   */
  async register(arrival: Arrival): Promise<Outcome> {
    const outcome = await this.#commitDecision({ type: 'arrive', arrival }, (lost) =>
      this.#stateOfArrival(arrival, lost),
    );
    if (arrival.sequence === undefined) {
      await this.#wake(arrival.id, 0);
    } else {
      await this.drive(arrival.sequence, arrival.slots);
    }
    return outcome;
  }

  /** Records that the object was deleted. `version`: the file of the deleted version, if the bucket has versioning. */
  async remove(object: FileObject, correlationId: string, version?: EventOf<'remove'>['version']): Promise<Outcome> {
    const state = async (): Promise<DispatchState> => {
      if (object.versionId !== undefined) {
        return this.#withFile(version?.id);
      }
      const key = await this.#store.key(object.bucket, object.key);
      const latest = key?.file === undefined ? undefined : await this.#store.file(key.file);
      return { ...(key && { key }), ...(latest && { latest }) };
    };
    return this.#commitDecision({ type: 'remove', object, correlationId, ...(version && { version }) }, state);
  }

  /**
   * Claims the next file of the queue for every free slot of a sequence, and requests the launches.
   *
   * @param slots number of slots, if the caller knows it: saves the read of the queue when all slots are taken
   */
  async drive(sequence: string, slots = Infinity): Promise<void> {
    await this.#claims.drive(sequence, { slots });
  }

  /** Makes the groupings of a deployment active as far as the open files of their types allow. */
  async regroup(types: EventOf<'regroup'>['types']): Promise<Outcome> {
    return this.#commitDecision({ type: 'regroup', types }, () => this.#withPauses());
  }

  /** Applies an event to a file, and claims the slots that it frees. */
  async apply(id: string, event: FileEvent): Promise<Outcome> {
    const state =
      event.type === 'retry'
        ? async () => ({ ...(await this.#withFile(id)), ...(await this.#withPauses()) })
        : () => this.#withFile(id);
    const outcome = await this.#commitDecision(event, state);
    if (outcome !== 'paused') {
      await this.advanceFile(id);
    }
    return outcome;
  }

  /**
   * Follows up on a change of a file: schedules the retry of a waiting file, or claims the freed slot of the sequence.
   */
  async advanceFile(id: string): Promise<void> {
    const file = await this.#store.file(id);
    if (file === undefined) {
      return;
    }
    if (file.status === 'waiting') {
      await this.#wake(id, Math.max(0, (file.notBefore ?? 0) - this.#now()));
    } else if (file.status === 'starting') {
      await this.#wake(id, 0);
    } else if (file.sequence === undefined) {
      return;
    } else if (file.status === 'queued') {
      await this.drive(file.sequence);
    } else if (file.status === 'blocked' || isTerminal(file.status)) {
      await this.continueSequence(file.type, file.sequence, [id]);
    }
  }

  /**
   * Pauses a type, a sequence or, with `*`, everything: its files are not claimed, retried or launched until it is
   * resumed.
   *
   * An operation that read the rows just before the pause can still claim or launch one file.
   */
  async pause(scope: string, reason: string): Promise<Outcome> {
    return this.#commitDecision({ type: 'pause', scope, reason }, () => this.#withPauses());
  }

  /** Ends a pause. Paused files continue with the next event of their sequence, at the latest with the next sweep. */
  async resume(scope: string): Promise<Outcome> {
    return this.#commitDecision({ type: 'resume', scope }, () => this.#withPauses());
  }

  /**
   * Continues a sequence after turns of its files ended. If a limit was reached, the sequences that wait for it are
   * served in turn instead, starting with the one after this sequence.
   */
  async continueSequence(type: string, sequence: string, files: readonly string[]): Promise<void> {
    const limits = limitsOf(this.#limits, type);
    await (limits.length === 0 ? this.drive(sequence) : this.#turns.afterEnd(limits, sequence, files));
  }

  /** Frees places of files that no longer run, under every limit; recovers lost end events. */
  async releaseStalePlaces(types: readonly string[]): Promise<void> {
    const limits = new Map(types.flatMap((type) => limitsOf(this.#limits, type)).map((limit) => [limit.name, limit]));
    for (const limit of limits.values()) {
      await freePlaces(this.#store, limit);
    }
  }

  /** Postpones the next check of a file, by a default or by the given time. */
  async postponeCheck(id: string, afterMs?: number): Promise<void> {
    await this.#commitDecision({ type: 'postpone', ...(afterMs !== undefined && { afterMs }) }, () =>
      this.#withFile(id),
    );
  }

  /** Records that the worker of a file is about to be stopped. @returns whether it still has the file */
  async recordStop(id: string, epoch: number, worker: string, reason: string): Promise<boolean> {
    const outcome = await this.#commitDecision({ type: 'stop', epoch, worker, reason }, () => this.#withFile(id));
    return outcome === 'kept';
  }

  async #commitDecision(event: DispatchEvent, read: (lost: boolean) => Promise<DispatchState>): Promise<Outcome> {
    for (let attempts = 0; attempts < MAX_COMMITS; attempts += 1) {
      const { outcome, writes }: Decision = decide(await read(attempts > 0), event, this.#now());
      if (writes.length === 0 || (await this.#store.commit(writes))) {
        return outcome;
      }
    }
    throw new Contention(`too many concurrent changes during a ${event.type}`);
  }

  /** Registration does not read the file first: if it exists, the commit fails and the file is read then. */
  async #stateOfArrival(arrival: Arrival, lost: boolean): Promise<DispatchState> {
    const file = lost ? await this.#store.file(arrival.id) : undefined;
    if (file !== undefined) {
      return { file };
    }
    const { bucket, key: objectKey } = arrival.object;
    const key = arrival.overwrite === 'latest' ? await this.#store.key(bucket, objectKey) : undefined;
    const latest = key?.file === undefined ? undefined : await this.#store.file(key.file);
    const late =
      arrival.late === 'run-next' || arrival.sequence === undefined
        ? undefined
        : await this.#lateState(arrival.sequence);
    return { ...(key && { key }), ...(latest && { latest }), ...late };
  }

  async #lateState(sequence: string): Promise<DispatchState> {
    const head = (await this.#store.heads(sequence)).find(({ slot }) => slot === 0);
    const lastQueued = await this.#store.lastQueued(sequence);
    return { ...(head && { head }), ...(lastQueued !== undefined && { lastQueued }) };
  }

  async #withPauses(): Promise<DispatchState> {
    const pauses: PauseRow | undefined = await this.#store.pauses();
    return pauses === undefined ? {} : { pauses };
  }

  async #withFile(id: string | undefined): Promise<DispatchState> {
    const file: FileRow | undefined = id === undefined ? undefined : await this.#store.file(id);
    return file === undefined ? {} : { file };
  }
}
