import type { IFileIngestBucket, IIngestRoute } from '../ingest-interfaces';
import { commonKey, type RouteFilter } from './route-overlap';

interface Entry {
  readonly route: IIngestRoute;
  readonly filter: RouteFilter;
}

/** The routes of each bucket, wherever in the app they were created. */
const registry = new WeakMap<IFileIngestBucket, Entry[]>();

/** An earlier route that matches some of the same objects. */
export interface Overlap {
  readonly route: IIngestRoute;
  /** A short key of such an object; empty if every key matches, or none is known. */
  readonly key: string;
}

/** Adds a route and returns the earlier ones that match some of the same objects. */
export function registerRoute(source: IFileIngestBucket, route: IIngestRoute, filter: RouteFilter): Overlap[] {
  const entries = registry.get(source) ?? [];
  registry.set(source, [...entries, { route, filter }]);
  return entries.flatMap((other) => {
    const key = commonKey(filter, other.filter);
    return key === undefined ? [] : [{ route: other.route, key }];
  });
}
