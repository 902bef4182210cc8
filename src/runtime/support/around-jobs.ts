import { type AroundJob } from './job-info.js';

/** One `AroundJob` of several; the first is the outermost. */
export function aroundJobs(...layers: readonly AroundJob[]): AroundJob {
  return (info, run) => layers.reduceRight<() => Promise<unknown>>((inner, layer) => () => layer(info, inner), run)();
}
