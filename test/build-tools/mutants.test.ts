import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lists, testsOf } from '../mutants/lists.ts';

describe.each(Object.keys(lists))('mutants of %s', (name) => {
  test('each has its text once in its file, so that it can be applied', () => {
    const texts = new Map<string, string>();
    const textOf = (file: string) => {
      const text = texts.get(file) ?? readFileSync(join(__dirname, '..', '..', 'src', file), 'utf8');
      texts.set(file, text);
      return text;
    };
    const wrong = lists[name].filter(({ file, find }) => textOf(file).split(find).length !== 2);
    expect(wrong.map(({ file, find }) => `${file}: ${find}`)).toEqual([]);
  });

  test('each differs from the others, and has tests', () => {
    const changes = lists[name].map(({ file, find, replace }) => `${file}: ${find} -> ${replace}`);
    expect(new Set(changes).size).toBe(changes.length);
    expect(lists[name].filter(({ file }) => testsOf(file).length === 0)).toEqual([]);
  });
});
