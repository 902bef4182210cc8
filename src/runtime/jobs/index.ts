export type { ExtractManifest, RefusedEntry, SkippedEntry, StoredEntry } from './extract-manifest.js';
export { extractTo, type ExtractDestination, type ExtractOptions } from './extract-to.js';
export { wakeWorker } from './wake-worker.js';
