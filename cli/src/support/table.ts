import { printable } from './printable';

export type Cell = string | number | undefined;

/** Columns are as wide as their widest cell; numbers are aligned right, missing values are a dash. */
export function table(headers: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [
    headers,
    ...rows.map((row) => row.map((cell) => (cell === undefined || cell === '' ? '-' : printable(String(cell))))),
  ];
  const widths = headers.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
  const numeric = headers.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number' || row[column] === undefined),
  );
  return texts
    .map((row) =>
      row
        .map((text, column) => {
          const width = widths[column] ?? 0;
          return numeric[column] ? text.padStart(width) : text.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** An age in the largest unit that fits. */
export function age(seconds: number | undefined): string | undefined {
  if (seconds === undefined) {
    return undefined;
  }
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
  ] as const;
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ['s', 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}
