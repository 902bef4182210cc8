import { printable, quoted, safe, toJson } from '../src/support/printable';
import { table } from '../src/support/table';

const hostile: [string, string, string][] = [
  ['escape sequences', 'a\u001b[2Jb', 'a\\x1b[2Jb'],
  ['line breaks and tabs', 'a\r\n\tb', 'a\\x0d\\x0a\\x09b'],
  ['C1 controls', 'a\u009b2Jb', 'a\\x9b2Jb'],
  ['DEL and NUL', '\u007f\u0000', '\\x7f\\x00'],
  ['reversed text', 'exe.\u202egnp', 'exe.\\u202egnp'],
  ['invisible characters', 'a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
  ['line separators', 'a\u2028b', 'a\\u2028b'],
  ['half a character', '\ud83d', '\\ud83d'],
];

describe('untrusted text', () => {
  test.each(hostile)('is shown without %s', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(safe`<${text}>`).toBe(`<${shown}>`);
    expect(table(['KEY'], [[text]])).toBe(`KEY\n${shown}`);
  });

  test.each(hostile)('survives as JSON with %s', (_, text) => {
    const json = toJson({ key: text });
    expect(printable(json)).toBe(json);
    expect(JSON.parse(json)).toEqual({ key: text });
  });

  test('keeps characters of all languages and characters outside of the basic plane', () => {
    expect(printable('Ünïcode 文件 😀 & (x) %41')).toBe('Ünïcode 文件 😀 & (x) %41');
  });

  test('is quoted as one word of a shell command', () => {
    expect(quoted('A/customer-1')).toBe('A/customer-1');
    expect(quoted('A/x; rm -rf ~')).toBe("'A/x; rm -rf ~'");
    expect(quoted("A/it's $(reboot)")).toBe("'A/it'\\''s $(reboot)'");
  });
});

test('a table has columns as wide as their cells, right-aligned numbers and a dash for a missing value', () => {
  expect(
    table(
      ['NAME', 'COUNT'],
      [
        ['a', 5],
        ['longer', undefined],
        ['b', 1_000],
      ],
    ),
  ).toBe(['NAME    COUNT', 'a           5', 'longer      -', 'b        1000'].join('\n'));
});
