import type { FileIngestBucket } from '../file-ingest-bucket';
import type { IngestRoute } from '../ingest-route';
import { overlaps, type RouteFilter } from './route-overlap';

interface Entry {
  readonly route: IngestRoute;
  readonly filter: RouteFilter;
}

/** The routes of each bucket, wherever in the app they were created. */
const registry = new WeakMap<FileIngestBucket, Entry[]>();

/** Adds a route and returns the earlier ones that take some of the same objects. */
export function registerRoute(source: FileIngestBucket, route: IngestRoute, filter: RouteFilter): IngestRoute[] {
  const entries = registry.get(source) ?? [];
  registry.set(source, [...entries, { route, filter }]);
  return entries.filter((other) => overlaps(filter, other.filter)).map((other) => other.route);
}
