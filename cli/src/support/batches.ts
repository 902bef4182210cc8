/** Splits an array into arrays of at most `size` items, for batch calls. */
export function inBatches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

const CONCURRENCY = 8;

/** Maps items asynchronously, a few at a time; the results have the order of the items. */
export async function eachOf<T, R>(
  items: readonly T[],
  map: (item: T) => Promise<R>,
  atOnce = CONCURRENCY,
): Promise<R[]> {
  const results: R[] = [];
  for (const some of inBatches(items, atOnce)) {
    results.push(...(await Promise.all(some.map(map))));
  }
  return results;
}
