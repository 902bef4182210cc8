import { InvalidArgumentError } from 'commander';

/** Parses an option as a whole number. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };

const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Parses an option such as 30m, 12h or 7d as a time in the past. */
export const ago = (text: string): Date => {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? ['', '', ''];
  if (count === '') {
    throw new InvalidArgumentError('It must be a number with a unit, s, m, h or d, such as 30m or 7d.');
  }
  return new Date(Date.now() - Number(count) * UNITS[unit as keyof typeof UNITS] * 1_000);
};

/** Parses an option as a time in ISO 8601. */
export const instant = (text: string): Date => {
  const time = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}T/.test(text) || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError('It must be a time in ISO 8601, such as 2026-11-19T01:30:00Z.');
  }
  return time;
};
