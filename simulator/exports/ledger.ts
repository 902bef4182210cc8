import type { EventQueue } from '../engine/events.ts';
import type { ExportFile, ExportJob } from './day.ts';

/** Knows how far each job is, and how long jobs had to wait. */
export class Ledger {
  readonly #events: EventQueue;
  readonly #jobs: readonly ExportJob[];
  readonly #missing: Set<ExportFile>[];
  readonly #begun = new Set<number>();
  /** For each job, seconds from its arrival until its first file was begun. */
  readonly starts: number[] = [];
  /**
   * For each finished job, seconds from its arrival to its end beyond what it takes when every file is downloaded at
   * once.
   */
  readonly waits: number[] = [];

  constructor(events: EventQueue, jobs: readonly ExportJob[]) {
    this.#events = events;
    this.#jobs = jobs;
    this.#missing = jobs.map(({ files }) => new Set(files));
  }

  /** Downloads a file, which may have been tried before. */
  download(file: ExportFile, done: () => void): void {
    if (!this.#begun.has(file.job)) {
      this.#begun.add(file.job);
      this.starts.push(this.#events.now - file.arrival);
    }
    this.#events.after(file.work, done);
  }

  /** A file is stored; a second time changes nothing. */
  store(file: ExportFile): void {
    const missing = this.#missing[file.job];
    if (!missing.delete(file) || missing.size > 0) {
      return;
    }
    const { arrival, work, files } = this.#jobs[file.job];
    const longest = files.reduce((most, one) => Math.max(most, one.work), 0);
    this.waits.push(this.#events.now - arrival - work - longest);
  }
}
