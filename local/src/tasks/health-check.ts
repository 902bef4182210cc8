import { spawn } from 'node:child_process';
import type { Reaper } from '../reaper';

/** How the process of a container starts. */
export interface ContainerCommand {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Docker's `Healthcheck`; times are nanoseconds. */
export interface HealthCheckConfig {
  /** `['CMD', program, …]` or `['CMD-SHELL', command]`. */
  readonly Test: readonly string[];
  readonly Interval: number;
  readonly Timeout: number;
  readonly Retries: number;
  readonly StartPeriod: number;
}

export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

const NANOSECONDS_PER_MS = 1_000_000;

/**
 * Runs the health check of a container as Docker does: first one interval after the start, then one interval after the
 * end of each check. A check that fails or times out counts, unless it fails in the start period before the first
 * success.
 *
 * @see https://docs.docker.com/reference/dockerfile/#healthcheck
 */
export class HealthCheck {
  status: HealthStatus = 'starting';
  failingStreak = 0;
  readonly #begun = Date.now();
  readonly #ended = new AbortController();

  constructor(
    private readonly config: HealthCheckConfig,
    private readonly command: Pick<ContainerCommand, 'cwd' | 'env'>,
    private readonly reaper: Reaper,
    private readonly changed: (status: HealthStatus) => void,
  ) {
    this.#schedule();
  }

  /** Kills a running check; none follows. */
  end(): void {
    this.#ended.abort();
  }

  #schedule(): void {
    const timer = setTimeout(() => void this.#check(), this.config.Interval / NANOSECONDS_PER_MS);
    this.#ended.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  async #check(): Promise<void> {
    const passed = await this.#run();
    if (this.#ended.signal.aborted) {
      return;
    }
    if (passed) {
      this.failingStreak = 0;
      this.#become('healthy');
    } else if (this.status !== 'starting' || Date.now() - this.#begun >= this.config.StartPeriod / NANOSECONDS_PER_MS) {
      this.failingStreak += 1;
      if (this.failingStreak >= this.config.Retries) {
        this.#become('unhealthy');
      }
    }
    this.#schedule();
  }

  /** Whether the command exits with 0 in time. */
  #run(): Promise<boolean> {
    const [kind, ...rest] = this.config.Test;
    const [program = '', ...args] = kind === 'CMD-SHELL' ? ['/bin/sh', '-c', rest.join(' ')] : rest;
    const timeout = AbortSignal.timeout(this.config.Timeout / NANOSECONDS_PER_MS);
    const killed = AbortSignal.any([timeout, this.#ended.signal]);
    return new Promise((resolve) => {
      const child = spawn(program, args, { ...this.command, detached: true, stdio: 'ignore' });
      const { pid } = child;
      const kill = (): void => {
        try {
          process.kill(-(pid ?? NaN), 'SIGKILL');
        } catch {
          // The group has ended already.
        }
      };
      if (pid !== undefined) {
        this.reaper.watch(pid);
        killed.addEventListener('abort', kill, { once: true });
      }
      child.once('error', () => resolve(false));
      child.once('exit', (code) => {
        killed.removeEventListener('abort', kill);
        kill();
        if (pid !== undefined) {
          this.reaper.forget(pid);
        }
        resolve(code === 0);
      });
    });
  }

  #become(status: HealthStatus): void {
    if (this.status !== status) {
      this.status = status;
      this.changed(status);
    }
  }
}
