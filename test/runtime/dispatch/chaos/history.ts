import { type FileRow, type FileStatus, type Limits, type Write } from '../../../../src/runtime/dispatch/index.js';

/** A change of a file that was committed; it happened somewhere between the two stamps. */
export interface Commit {
  readonly from: number;
  readonly to: number;
  readonly id: string;
  readonly before: FileStatus | 'absent';
  readonly after: FileStatus;
  /** Stamp of the read of the queue that a claim stands on. */
  readonly queueRead?: number;
}

/** A container at work: from the answer to its begin() until it stops working. */
interface Work {
  readonly id: string;
  readonly from: number;
  to: number;
}

const terminal = (status: FileStatus | 'absent') =>
  status === 'completed' || status === 'parked' || status === 'skipped';

/** What happened in one run, by a counter that every observation moves on: no clock is trusted here either. */
export class History {
  #stamp = 0;
  readonly commits: Commit[] = [];
  readonly work: Work[] = [];
  /** Tasks that were started for one launch token while the host remembered it. */
  readonly tasksOfToken = new Map<string, number>();

  stamp(): number {
    this.#stamp += 1;
    return this.#stamp;
  }

  committed(from: number, writes: readonly Write[], queueRead?: number): void {
    const to = this.stamp();
    for (const write of writes) {
      if (write.kind === 'insert') {
        this.commits.push({ from, to, id: write.row.id, before: 'absent', after: write.row.status });
      }
      if (write.kind === 'update' && write.change.status !== write.file.status) {
        const claim = write.file.status === 'queued' && write.change.status === 'starting';
        const read = claim && queueRead !== undefined ? { queueRead } : {};
        this.commits.push({
          from,
          to,
          id: write.file.id,
          before: write.file.status,
          after: write.change.status,
          ...read,
        });
      }
    }
  }

  begins(id: string): Work {
    const work = { id, from: this.stamp(), to: Infinity };
    this.work.push(work);
    return work;
  }

  /** Every promise that was broken, in words; a suspicion that the stamps cannot decide is no violation. */
  violations(rows: ReadonlyMap<string, FileRow>, limits: Limits = {}): string[] {
    return [
      ...this.#limits(rows, limits),
      ...this.#mutualExclusion(rows),
      ...this.#order(rows),
      ...this.#completions(),
      ...this.#latestOnly(rows),
      ...[...rows.values()]
        .filter(({ status }) => !terminal(status))
        .map(({ id, status }) => `P3 ${id} ended as ${status}`),
      ...[...rows.values()]
        .filter(({ attempts, policy }) => attempts > policy.maxAttempts)
        .map(({ id, attempts }) => `P5 ${id} had ${attempts} attempts`),
      ...[...this.tasksOfToken]
        .filter(([, tasks]) => tasks > 1)
        .map(([token, tasks]) => `launch token ${token} started ${tasks} tasks`),
    ];
  }

  /** Begins and ends of work, in their order. */
  #changes() {
    return this.work
      .flatMap(({ id, from, to }) => [
        { id, at: from, by: 1 },
        { id, at: to, by: -1 },
      ])
      .sort((one, other) => one.at - other.at);
  }

  #limits(rows: ReadonlyMap<string, FileRow>, { all = Infinity, types = {} }: Limits): string[] {
    const working = new Map<string, number>();
    return this.#changes().flatMap(({ id, by }) => {
      const { type } = rows.get(id)!;
      return [
        { name: 'all types', most: all },
        { name: type, most: types[type] ?? Infinity },
      ].flatMap(({ name, most }) => {
        const now = (working.get(name) ?? 0) + by;
        working.set(name, now);
        return by > 0 && now > most ? [`P6 ${now} containers of ${name} work at once, the last on ${id}`] : [];
      });
    });
  }

  #mutualExclusion(rows: ReadonlyMap<string, FileRow>): string[] {
    const working = new Map<string, number>();
    return this.#changes().flatMap(({ id, by }) => {
      // A file without a sequence meets only itself
      const { sequence = id, slots } = rows.get(id)!;
      const now = (working.get(sequence) ?? 0) + by;
      working.set(sequence, now);
      return by > 0 && now > Math.max(1, slots)
        ? [`P1 ${now} containers of ${sequence} work at once, the last on ${id}`]
        : [];
    });
  }

  /**
   * When a file was claimed, no file that was live before the queue was read, and still is after the claim, comes
   * before it.
   */
  #order(rows: ReadonlyMap<string, FileRow>): string[] {
    const lives = this.#lives();
    return this.commits
      .filter(({ queueRead }) => queueRead !== undefined)
      .flatMap(({ id, queueRead, to }) => {
        const claimed = rows.get(id)!;
        if (claimed.slots > 1) {
          return [];
        }
        return lives
          .filter((life) => {
            const row = rows.get(life.id)!;
            return (
              row.sequence === claimed.sequence && row.order < claimed.order && life.from < queueRead! && life.to > to
            );
          })
          .map((life) => `P2 ${id} was claimed before ${life.id}`);
      });
  }

  /** From the end of the commit that queued a file to the start of the one that ended it. */
  #lives(): { id: string; from: number; to: number }[] {
    return this.commits
      .filter(({ before, after }) => (before === 'absent' || terminal(before)) && !terminal(after))
      .map(({ id, to }) => {
        const end = this.commits.find((commit) => commit.id === id && commit.from > to && terminal(commit.after));
        return { id, from: to, to: end?.from ?? Infinity };
      });
  }

  #completions(): string[] {
    return this.commits
      .filter(({ after }) => after === 'completed')
      .flatMap(({ id, to }) => {
        const again = [
          ...this.commits
            .filter((commit) => commit.id === id && commit.from > to)
            .map(({ after }) => `P4 ${id} became ${after} after it was completed`),
          ...this.work
            .filter((work) => work.id === id && work.from > to)
            .map(() => `P4 ${id} began after it was completed`),
        ];
        return again;
      });
  }

  /**
   * Where only the latest version counts: once a newer one is registered, no older one is claimed that was not
   * redriven.
   */
  #latestOnly(rows: ReadonlyMap<string, FileRow>): string[] {
    return this.commits
      .filter(({ queueRead }) => queueRead !== undefined)
      .flatMap(({ id, from }) => {
        const {
          object: { key, sequencer },
        } = rows.get(id)!;
        const redriven = this.commits.some(
          ({ id: other, before, after }) => other === id && before !== 'absent' && after === 'queued',
        );
        if (sequencer === undefined || redriven) {
          return [];
        }
        return this.commits
          .filter((commit) => {
            const other = rows.get(commit.id)!.object;
            return (
              commit.before === 'absent' &&
              other.key === key &&
              other.sequencer !== undefined &&
              other.sequencer > sequencer &&
              commit.to < from
            );
          })
          .map((commit) => `${id} was claimed although ${commit.id} had overwritten it`);
      });
  }
}
