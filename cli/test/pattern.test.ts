import * as fc from 'fast-check';
import { fitsPattern } from '../src/support/pattern';

const asRegExp = (pattern: string) =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.|$]/g, '\\$&'))
      .join('[^]*')}$`,
  );
const textOf = (...characters: string[]) =>
  fc.array(fc.constantFrom(...characters), { maxLength: 10 }).map((parts) => parts.join(''));

test('a star matches any text, as in a regular expression', () => {
  fc.assert(
    fc.property(
      textOf('*', '*', 'a', 'b', '.', '|', '$', '\n'),
      textOf('a', 'b', '.', '|', '$', '\n'),
      (pattern, text) => {
        expect(fitsPattern(pattern, text)).toBe(asRegExp(pattern).test(text));
      },
    ),
    { numRuns: 2_000 },
  );
});

test.each([
  ['aba', 'a*ba', true],
  ['aa', 'aa*aa', false],
  ['', '*', true],
  ['', '', true],
  ['a', '', false],
])('%j against %j: %s', (text, pattern, fits) => {
  expect(fitsPattern(pattern, text)).toBe(fits);
});

test('no key makes a pattern slow', () => {
  const cpu = process.cpuUsage();
  expect(fitsPattern('*-*-*-*-*.csv', '-'.repeat(1_024))).toBe(false);
  const { user, system } = process.cpuUsage(cpu);
  expect((user + system) / 1_000).toBeLessThan(1_000);
});
