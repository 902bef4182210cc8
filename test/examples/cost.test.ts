import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runInNewContext } from 'node:vm';

const examples = resolve(__dirname, '..', '..', 'examples', 'typescript');

/** Rows whose arithmetic is written in numbers alone, as [what, arithmetic, dollars a day]. */
function rows(readme: string): [string, string, string][] {
  return [...readme.matchAll(/^\| ([^|]+) \| ([\d\s.,()×÷+*/-]+) \| \$?([\d.]+) \|$/gm)].map(
    ([, what, arithmetic, dollars]) => [what, arithmetic, dollars],
  );
}

/** Sums and products of numbers; nothing else gets here. */
function valueOf(arithmetic: string): number {
  const expression = arithmetic
    .replace(/(?<=\d),(?=\d{3})/g, '')
    .replaceAll('×', '*')
    .replaceAll('÷', '/');
  if (!/^[\d\s.()+*/-]+$/.test(expression)) {
    throw new Error(`not arithmetic: ${arithmetic}`);
  }
  return runInNewContext(expression) as number;
}

const readmes = readdirSync(examples)
  .map((name): [string, string] => [name, join(examples, name, 'README.md')])
  .filter(([, file]) => existsSync(file))
  .map(([name, file]): [string, string] => [name, readFileSync(file, 'utf8')]);
const costs = readmes.flatMap(([name, readme]) => {
  return rows(readme).map(([what, arithmetic, dollars]): [string, string, string, string] => [
    name,
    what,
    arithmetic,
    dollars,
  ]);
});

test.each(costs)('%s: %s is what its arithmetic gives', (_, __, arithmetic, dollars) => {
  expect(Math.abs(valueOf(arithmetic) - Number(dollars))).toBeLessThanOrEqual(0.0051);
});

test.each(['quickstart', 'json-loader', 'csv-batch', 'export-service'])('%s: the sum is that of its rows', (name) => {
  const own = costs.filter(([of]) => of === name);
  const sum = own.reduce((total, [, , , dollars]) => total + Number(dollars), 0);
  expect(readFileSync(join(examples, name, 'README.md'), 'utf8')).toContain(`| **Sum** | | **${sum.toFixed(2)}** |`);
});
