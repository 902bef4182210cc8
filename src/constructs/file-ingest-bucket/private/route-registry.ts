import { Stack } from 'aws-cdk-lib';
import { ValidationError } from '../../private/validation-error';
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

/** Buckets whose files are counted over all routes. */
const counted = new WeakSet<IFileIngestBucket>();

/** The routes of a bucket, of which no more may follow. */
export function countRoutes(source: IFileIngestBucket): readonly IIngestRoute[] {
  counted.add(source);
  return (registry.get(source) ?? []).map(({ route }) => route);
}

/** Adds a route and returns the earlier ones that match some of the same objects. */
export function registerRoute(source: IFileIngestBucket, route: IIngestRoute, filter: RouteFilter): Overlap[] {
  if (counted.has(source) && Stack.of(route) === Stack.of(source)) {
    throw new ValidationError(
      'a route cannot be added after expectFiles of its bucket, which would not count its files; call expectFiles last, or on each route',
      route,
    );
  }
  const entries = registry.get(source) ?? [];
  registry.set(source, [...entries, { route, filter }]);
  return entries.flatMap((other) => {
    const key = commonKey(filter, other.filter);
    return key === undefined ? [] : [{ route: other.route, key }];
  });
}
