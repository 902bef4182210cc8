import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(__dirname, '..', '..', 'docs', 'security');
const page = readFileSync(join(folder, 'threat-model.md'), 'utf8');
const named = [...page.matchAll(/\[([^\]]+)\]\((\.\.\/\.\.\/[^)]+\.test\.ts)\)/g)].map(
  ([, title, file]): [string, string] => [title, file],
);
const isItself = (file: string) => file.endsWith('/threat-model.test.ts');

describe('the threat model', () => {
  test('names a test for every mitigation', () => {
    const attacks = page
      .split(/^## /m)
      .filter((section) => section.includes('| Attack |'))
      .flatMap((section) =>
        section.split('\n').filter((line) => line.startsWith('| ') && !/^\| (Attack|---)/.test(line)),
      );
    expect(attacks.length).toBeGreaterThan(20);
    expect(attacks.filter((line) => !line.includes('.test.ts)'))).toEqual([]);
  });

  test.each(named.filter(([, file]) => !isItself(file)))('names a test that exists: %s', (title, file) => {
    const path = join(folder, file);
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, 'utf8').replace(/\(\s+/g, '(')).toContain(`('${title}'`);
  });
});
