import { setTimeout as delay } from 'node:timers/promises';
import { FakeHost, type FakeHostOptions } from './fake-host';
import { FastClock, SPEED } from './fast-clock';
import { type Faults, faults as usual } from './faults';
import { History } from './history';
import { Random } from './random';
import { Crash, watched } from './watched-store';
import {
  type Arrival,
  Contention,
  Dispatcher,
  type DispatchStore,
  type FileObject,
  type FileRow,
  LaunchMisconfigured,
  LaunchThrottled,
  type Limits,
  TaskSupervisor,
  type TaskState,
} from '../../../../src/runtime/dispatch/index.js';

const DISPATCHERS = 4;
/** Of the fast clock: a busy machine gets more of the real one. */
const TIMEOUT_MS = 120_000 * SPEED;

export type Mutant = 'lease expiry releases' | 'fresh token per launch' | 'limit ignored' | 'no version check';

export interface ChaosOptions {
  readonly store: DispatchStore;
  readonly seed: number;
  readonly files: readonly Arrival[];
  readonly faults?: Partial<Faults>;
  readonly mutant?: Mutant;
  readonly limits?: Limits;
  /** Objects that are deleted, at any time. */
  readonly deleted?: readonly FileObject[];
  /** The operator pauses, resumes, skips and cancels at random. */
  readonly commands?: boolean;
  /** How often the operator redrives before he gives files up. Default: once for each file. */
  readonly redrives?: number;
}

export interface ChaosReport {
  readonly violations: readonly string[];
  readonly messages: number;
  readonly crashes: number;
  readonly begins: number;
  readonly tasks: number;
  readonly completed: number;
  readonly parked: number;
}

type Message =
  | { readonly kind: 'arrive'; readonly arrival: Arrival }
  | { readonly kind: 'tick'; readonly id: string }
  | { readonly kind: 'remove'; readonly object: FileObject }
  | {
      readonly kind: 'stopped';
      readonly id: string;
      readonly epoch: number;
      readonly arn: string;
      readonly state: TaskState;
    };

/** Puts files through a deployment in which everything fails, until all are terminal, and checks what happened. */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  return new Deployment(options).run();
}

interface Parts {
  readonly dispatcher: Dispatcher;
  readonly supervisor: TaskSupervisor;
}

class Deployment {
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #history = new History();
  readonly #queue: Message[] = [];
  readonly #host: FakeHost;
  readonly #time = new FastClock();
  #messages = 0;
  #crashes = 0;
  #over = false;

  constructor(readonly options: ChaosOptions) {
    const { store, seed, mutant } = options;
    this.#random = new Random(seed);
    this.#faults = { ...usual, ...options.faults };
    const host: FakeHostOptions = {
      store: watched({ store, history: this.#history, time: this.#time }),
      history: this.#history,
      random: this.#random,
      faults: this.#faults,
      now: this.#clock(),
      onStopped: (id, epoch, arn, state) => this.#send({ kind: 'stopped', id, epoch, arn, state }),
      freshTokens: mutant === 'fresh token per launch',
      silenceIsDeath: mutant === 'lease expiry releases',
    };
    this.#host = new FakeHost(host);
  }

  async run(): Promise<ChaosReport> {
    const { files, deleted = [] } = this.options;
    const messages: Message[] = [
      ...files.map((arrival): Message => ({ kind: 'arrive', arrival })),
      ...deleted.map((object): Message => ({ kind: 'remove', object })),
    ];
    for (const message of this.#random.shuffle(messages)) {
      this.#send(message);
    }
    const inTime = () => this.#time.now() < TIMEOUT_MS;
    do {
      this.#over = false;
      const loops = [...Array.from({ length: DISPATCHERS }, () => this.#dispatch()), this.#sweep(), this.#operate()];
      while (!(await this.#allTerminal()) && inTime()) {
        await delay(20);
      }
      this.#over = true;
      await Promise.all(loops);
      // The operator may have redriven a parked file while this looked: then on with it
    } while (!(await this.#allTerminal()) && inTime());
    await this.#host.allStopped();
    const rows = await this.#rows();
    const count = (status: FileRow['status']) => [...rows.values()].filter((row) => row.status === status).length;
    const missing = this.options.files.filter(({ id }) => !rows.has(id)).map(({ id }) => `P3 ${id} was lost`);
    return {
      violations: [...missing, ...this.#history.violations(rows, this.options.limits)],
      messages: this.#messages,
      crashes: this.#crashes,
      begins: this.#history.work.length,
      tasks: this.#host.started,
      completed: count('completed'),
      parked: count('parked'),
    };
  }

  /** No two clocks agree: each is off by up to ten minutes. */
  #clock(): () => number {
    const skew = this.#random.between(-600_000, 600_000);
    return () => Math.round(1e12 + skew + this.#time.now());
  }

  #send(message: Message): void {
    this.#queue.push(message);
    if (this.#random.chance(this.#faults.duplicate)) {
      setTimeout(() => this.#queue.push(message), this.#random.between(0, 50));
    }
  }

  /** A dispatcher as a Lambda has it: its own clock, its own death. */
  #parts(): Parts {
    const store = watched({
      store: this.options.store,
      history: this.#history,
      time: this.#time,
      dies: { random: this.#random, faults: this.#faults },
      anyVersion: this.options.mutant === 'no version check',
    });
    const now = this.#clock();
    const wake = (id: string, delayMs: number) => {
      if (!this.#random.chance(this.#faults.lostHint)) {
        setTimeout(() => this.#queue.push({ kind: 'tick', id }), this.#time.real(delayMs) + this.#random.between(0, 5));
      }
      return Promise.resolve();
    };
    const dispatcher = new Dispatcher({
      store,
      wake,
      now,
      random: () => this.#random.next(),
      ...(this.options.limits && this.options.mutant !== 'limit ignored' && { limits: this.options.limits }),
    });
    return { dispatcher, supervisor: new TaskSupervisor({ store, dispatcher, host: this.#host, now }) };
  }

  async #dispatch(): Promise<void> {
    while (!this.#over) {
      const message = this.#queue.splice(Math.floor(this.#random.next() * this.#queue.length), 1).at(0);
      if (message === undefined) {
        await delay(1);
        continue;
      }
      this.#messages += 1;
      await this.#surviving(
        async ({ dispatcher, supervisor }) => {
          if (message.kind === 'arrive') {
            await dispatcher.register(message.arrival);
          } else if (message.kind === 'tick') {
            await supervisor.tick(message.id);
          } else if (message.kind === 'remove') {
            await dispatcher.remove(message.object, 'deleted');
          } else {
            await supervisor.handleTaskState(message.id, message.epoch, message.arn, message.state);
          }
        },
        () => setTimeout(() => this.#queue.push(message), 10),
      );
    }
  }

  async #sweep(): Promise<void> {
    while (!this.#over) {
      await delay(15);
      await this.#surviving(
        async ({ dispatcher, supervisor }) => {
          await dispatcher.releaseStalePlaces([...new Set(this.options.files.map(({ type }) => type))]);
          await supervisor.sweep();
        },
        () => undefined,
      );
    }
  }

  /** Redrives what is blocked, and now and then what is parked; sometimes gives a file up. */
  async #operate(): Promise<void> {
    let redrives = this.options.redrives ?? this.options.files.length;
    while (!this.#over) {
      await delay(8);
      if (this.options.commands === true) {
        await this.#command();
      }
      for (const { id, status } of (await this.#rows()).values()) {
        if (status !== 'blocked' && !(status === 'parked' && redrives > 0 && this.#random.chance(0.02))) {
          continue;
        }
        const redrive = redrives > 0 && this.#random.chance(0.8);
        redrives -= 1;
        await this.#surviving(
          async ({ dispatcher }) => {
            await dispatcher.apply(id, redrive ? { type: 'redrive' } : { type: 'discard', reason: 'by hand' });
          },
          () => undefined,
        );
      }
    }
  }

  /** A command of the operator at random. Pauses end, because each round may resume every scope. */
  async #command(): Promise<void> {
    const pick = <T>(items: readonly T[]): T => items[Math.floor(this.#random.next() * items.length)];
    const scope = pick(['*', ...this.options.files.flatMap(({ type, sequence }) => [type, sequence ?? type])]);
    const { id } = pick(this.options.files);
    const chance = this.#random.next();
    await this.#surviving(
      async ({ dispatcher }) => {
        if (chance < 0.1) {
          await dispatcher.pause(scope, 'at random');
        } else if (chance < 0.5) {
          for (const paused of Object.keys((await this.options.store.pauses())?.scopes ?? {})) {
            await dispatcher.resume(paused);
          }
        } else if (chance < 0.52) {
          await dispatcher.apply(id, { type: 'discard', reason: 'at random' });
        } else if (chance < 0.54) {
          await dispatcher.apply(id, { type: 'cancel', reason: 'at random' });
        }
      },
      () => undefined,
    );
  }

  async #surviving(action: (parts: Parts) => Promise<void>, again: () => void): Promise<void> {
    try {
      await action(this.#parts());
    } catch (error) {
      if (error instanceof Crash) {
        this.#crashes += 1;
      } else if (!(
        error instanceof Contention ||
        error instanceof LaunchThrottled ||
        error instanceof LaunchMisconfigured
      )) {
        throw error;
      }
      again();
    }
  }

  async #rows(): Promise<Map<string, FileRow>> {
    const rows = await Promise.all(this.options.files.map(({ id }) => this.options.store.file(id)));
    return new Map(rows.filter((row) => row !== undefined).map((row) => [row.id, row]));
  }

  async #allTerminal(): Promise<boolean> {
    const rows = await this.#rows();
    return (
      rows.size === this.options.files.length &&
      [...rows.values()].every(({ status }) => status === 'completed' || status === 'parked' || status === 'skipped')
    );
  }
}
