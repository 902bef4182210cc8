// Shared by the benches: their options, their rows and the table at the end.

export interface Row {
  readonly case: string;
  readonly metric: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  /** The limit of the hardware or of the specification. */
  readonly limit: number;
  readonly goal: number;
  readonly ok: boolean;
}

/** The value after `name` on the command line. */
export function option(name: string, fallback: string): string {
  return process.argv.includes(name) ? (process.argv[process.argv.indexOf(name) + 1] ?? fallback) : fallback;
}

const round = (value: number) => Math.round(value * 1_000) / 1_000;
export const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Collects rows; prints each as a line with `--json`, else all of them as a table at the end. */
export class Report {
  readonly #bench: string;
  readonly #rows: Row[] = [];
  readonly #json = process.argv.includes('--json');

  constructor(bench: string) {
    this.#bench = bench;
  }

  add(row: Row): void {
    const peers = Object.fromEntries(Object.entries(row.peers).map(([peer, value]) => [peer, round(value)]));
    const rounded = { ...row, ours: round(row.ours), peers, limit: round(row.limit), goal: round(row.goal) };
    this.#rows.push(rounded);
    if (this.#json) {
      console.log(JSON.stringify({ bench: this.#bench, ...rounded }));
    }
  }

  /** Ends the process, with 1 when a goal was missed. */
  end(about: string): never {
    if (!this.#json) {
      console.log(`Node ${process.version}, ${process.platform} ${process.arch}, ${about}`);
      console.table(
        this.#rows.map(({ case: name, metric, ours, peers, goal, ok }) => ({
          case: name,
          metric,
          ours,
          ...peers,
          goal,
          ok,
        })),
      );
    }
    process.exit(this.#rows.every(({ ok }) => ok) ? 0 : 1);
  }
}
