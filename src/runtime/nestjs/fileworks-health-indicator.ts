import { type FileworksRunner } from './fileworks-runner.js';

export type FileworksHealth = Record<string, { readonly status: 'up' | 'down'; readonly problems: readonly string[] }>;

/** Answers the health checks of `@nestjs/terminus`. */
export class FileworksHealthIndicator {
  constructor(private readonly runner: FileworksRunner) {}

  /** Whether this process can still do its work; if not, it should be replaced. */
  isLive(key = 'fileworks'): FileworksHealth {
    return this.#check(key, 'live');
  }

  /** Whether it takes new work; down before the start and while it drains. */
  isReady(key = 'fileworks'): FileworksHealth {
    return this.#check(key, 'ready');
  }

  #check(key: string, what: 'live' | 'ready'): FileworksHealth {
    const health = this.runner.poller?.health() ?? { live: true, ready: false, problems: ['worker is not started'] };
    return { [key]: { status: health[what] ? 'up' : 'down', problems: health.problems } };
  }
}
