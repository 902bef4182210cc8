/**
 * How the files of a type are grouped into sequences, which a deployment can change: `all` run at once, `many` up to a
 * number, `one` at a time, or `one/<part>` at a time for each value of a part of the key.
 *
 * `one/` is the grouping of a file for each value of an unknown part, from a release that did not store the part.
 */
export function groupingOf(file: {
  readonly type: string;
  readonly sequence?: string;
  readonly slots: number;
  readonly sequencePart?: string;
}): string {
  if (file.slots > 1) {
    return 'many';
  }
  if (file.sequencePart !== undefined) {
    return `one/${file.sequencePart}`;
  }
  if (file.sequence === undefined || file.slots === 0) {
    return 'all';
  }
  return file.sequence === file.type ? 'one' : 'one/';
}

export const isSameGrouping = (one: string, other: string): boolean =>
  one === other || ((one === 'one/' || other === 'one/') && one.startsWith('one/') && other.startsWith('one/'));
