import type { FileRow } from '../../runtime/dispatch/rows';
import type { LaunchedTask, LaunchResult, TaskHost, TaskState } from '../../runtime/dispatch/task-host';

/** A host, its types and its workers. */
export interface HostEntry {
  readonly host: TaskHost;
  /** Types whose files the host launches. */
  readonly types: ReadonlySet<string>;
  /** Pattern of the names of its workers. */
  readonly workers: RegExp;
}

/**
 * Combines the hosts of a dispatcher: launches are routed by the type of the file, other calls by the name of the
 * worker.
 */
export class TargetHosts implements TaskHost {
  readonly #entries: readonly HostEntry[];

  constructor(entries: readonly HostEntry[]) {
    this.#entries = entries;
  }

  launch(file: FileRow): Promise<LaunchResult> {
    const host = this.#of(file);
    return (
      host?.launch(file) ??
      Promise.resolve({ kind: 'misconfigured', reason: `type ${file.type} no longer has a target` })
    );
  }

  tasksOf(file: FileRow): Promise<readonly LaunchedTask[] | undefined> {
    return this.#of(file)?.tasksOf(file) ?? Promise.resolve([]);
  }

  cancel(file: FileRow, reason: string): Promise<boolean> {
    return this.#of(file)?.cancel(file, reason) ?? Promise.resolve(true);
  }

  describe(worker: string): Promise<TaskState> {
    return this.#named(worker).describe(worker);
  }

  stop(worker: string, reason: string): Promise<void> {
    return this.#named(worker).stop(worker, reason);
  }

  #of({ type }: FileRow): TaskHost | undefined {
    return this.#entries.find(({ types }) => types.has(type))?.host;
  }

  #named(worker: string): TaskHost {
    const found = this.#entries.find(({ workers }) => workers.test(worker));
    if (found === undefined) {
      throw new Error(`no host for the worker ${worker}`);
    }
    return found.host;
  }
}
