type Edge = readonly [from: string, to: string];

/** Circles along the edges: for each node the shortest way back to itself, and each circle once. */
export function circles(edges: readonly Edge[]): string[][] {
  const found = new Map<string, string[]>();
  for (const start of new Set(edges.map(([from]) => from))) {
    const way = shortestWayBack(start, edges);
    if (way !== undefined && !found.has(way.toSorted().join())) {
      found.set(way.toSorted().join(), way);
    }
  }
  return [...found.values()];
}

function shortestWayBack(start: string, edges: readonly Edge[]): string[] | undefined {
  const ways = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const [, next] of edges.filter(([from, to]) => from === way.at(-1) && to !== from)) {
      if (next === start) {
        return way;
      }
      if (!seen.has(next)) {
        seen.add(next);
        ways.push([...way, next]);
      }
    }
  }
  return undefined;
}
