import type { Task } from '../engine/fleet.ts';
import type { ExportFile } from './day.ts';
import type { Ledger } from './ledger.ts';

interface Threads {
  busy: number;
  readonly waiting: (() => void)[];
}

/**
 * Threads inside of each task. Files wait for one of them in the order in which they came, and nobody else can take
 * them.
 */
export class ThreadPool {
  readonly #size: number;
  readonly #ledger: Ledger;
  readonly #threads = new WeakMap<Task, Threads>();

  constructor(size: number, ledger: Ledger) {
    this.#size = size;
    this.#ledger = ledger;
  }

  download(task: Task, file: ExportFile, done: () => void): void {
    const threads = this.#of(task);
    const begin = () => {
      threads.busy++;
      this.#ledger.download(file, () => {
        // With the task, its threads and all that waited for them are gone.
        if (task.state === 'gone') {
          return;
        }
        threads.busy--;
        done();
        threads.waiting.shift()?.();
      });
    };
    if (threads.busy < this.#size) {
      begin();
    } else {
      threads.waiting.push(begin);
    }
  }

  #of(task: Task): Threads {
    let threads = this.#threads.get(task);
    if (!threads) {
      this.#threads.set(task, (threads = { busy: 0, waiting: [] }));
    }
    return threads;
  }
}
