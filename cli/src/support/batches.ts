/** Arrays of at most `size` items, as calls that take so many at a time need them. */
export function inBatches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

const AT_ONCE = 8;

/** Asks about each item, a few at a time; answers come in the order of the items. */
export async function eachOf<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (const some of inBatches(items, AT_ONCE)) {
    answers.push(...(await Promise.all(some.map(ask))));
  }
  return answers;
}
