import type { ClientConfig } from 'fileworks-local';
import type { Resources } from './cloud.ts';

export type Worker = 'fileworks' | 'option 1';

/** What a worker works through. */
export interface Run extends Resources {
  readonly jobId: string;
  /** Messages on the queue, one for each archive. */
  readonly files: number;
  readonly config: ClientConfig;
  /** Where archives are downloaded from. */
  readonly baseUrl: string;
}

/** Archives that are worked on at the same time, by slots or by threads. */
export const PARALLEL = 4;
