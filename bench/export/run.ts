import type { ClientConfig } from 'fileworks-local';
import type { Resources } from './cloud.ts';

/** The work of one worker process. */
export interface Run extends Resources {
  readonly jobId: string;
  /** Messages on the queue, one for each archive. */
  readonly files: number;
  readonly config: ClientConfig;
  /** Where archives are downloaded from. */
  readonly baseUrl: string;
}

/** Archives that are processed at the same time. */
export const PARALLEL = 4;
