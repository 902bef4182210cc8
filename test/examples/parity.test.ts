import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..', '..');
const languages = ['typescript', 'python', 'java'] as const;
const names = readdirSync(join(root, 'examples', 'typescript'));

/** Installs the example on the packed package in a fresh environment, synthesizes it, and returns its templates by file name. */
function templates(language: string, name: string): Record<string, unknown> {
  const outdir = join(root, 'build', 'synth', language, name);
  execFileSync(process.execPath, [join(root, 'build-tools', 'examples.ts'), language, name, outdir], { stdio: ['ignore', 'ignore', 'inherit'] });
  return Object.fromEntries(readdirSync(outdir).filter((file) => file.endsWith('.template.json')).sort()
    .map((file) => [file, JSON.parse(readFileSync(join(outdir, file), 'utf8')) as unknown]));
}

/** Content hashes of assets change with every change of a worker; the shape of the template does not. */
const masked = (value: unknown) => JSON.parse(JSON.stringify(value).replace(/[0-9a-f]{64}/g, 'asset-hash')) as unknown;

describe.each(names)('the reference deployment %s', (name) => {
  const byLanguage = Object.fromEntries(languages.map((language) => [language, templates(language, name)]));

  test('synthesizes at least one template', () => {
    expect(Object.keys(byLanguage.typescript).length).toBeGreaterThan(0);
  });

  test.each(languages.slice(1))('gives the same templates in %s as in TypeScript', (language) => {
    expect(byLanguage[language]).toEqual(byLanguage.typescript);
  });

  test('keeps its templates, down to the logical ids', () => {
    expect(masked(byLanguage.typescript)).toMatchSnapshot();
  });
});
