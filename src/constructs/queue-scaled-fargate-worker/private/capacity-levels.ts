/**
 * The task counts that a step policy sets, from the first to the last, at most `steps` of them.
 *
 * All of them if they fit; otherwise spread by a constant factor, so that rounding up to the next level costs the same
 * share of tasks everywhere.
 */
export function capacityLevels(first: number, last: number, steps: number): number[] {
  const count = Math.min(last - first + 1, steps);
  const exact = count === last - first + 1;
  const levels: number[] = [];
  for (let step = 0; step < count; step++) {
    const ideal = exact ? first + step : Math.round(first * (last / first) ** (step / (count - 1)));
    // Near the start, neighbours can round to the same number.
    levels.push(Math.max(ideal, (levels.at(-1) ?? first - 1) + 1));
  }
  return levels;
}
