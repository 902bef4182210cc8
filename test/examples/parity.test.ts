import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..', '..');
const names = readdirSync(join(root, 'examples', 'typescript'));

const synthesized = new Map<string, Record<string, unknown>>();

// The first time, the package managers of all three languages download what an example needs
jest.setTimeout(600_000);

/**
 * Installs the example on the packed package in a fresh environment, synthesizes it, and returns its templates by file
 * name; once.
 */
function templates(language: string, name: string): Record<string, unknown> {
  const outdir = join(root, 'build', 'synth', language, name);
  const known = synthesized.get(outdir);
  if (known !== undefined) {
    return known;
  }
  execFileSync(process.execPath, [join(root, 'build-tools', 'examples.ts'), language, name, outdir], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const files = readdirSync(outdir)
    .filter((file) => file.endsWith('.template.json'))
    .sort();
  const found = Object.fromEntries(
    files.map((file) => [file, JSON.parse(readFileSync(join(outdir, file), 'utf8')) as unknown]),
  );
  synthesized.set(outdir, found);
  return found;
}

/** Content hashes of assets change with every change of a worker; the shape of the template does not. */
const masked = (value: unknown) => JSON.parse(JSON.stringify(value).replace(/[0-9a-f]{64}/g, 'asset-hash')) as unknown;

test.each(['typescript', 'python', 'java'])(
  'json-loader in %s writes the workflow that stands in examples/.github',
  (language) => {
    templates(language, 'json-loader');
    const workflow = join('examples', '.github', 'workflows', 'database.yml');
    expect(readFileSync(join(root, '.tools', 'workplace', language, workflow), 'utf8')).toBe(
      readFileSync(join(root, workflow), 'utf8'),
    );
  },
);

describe.each(names)('the reference deployment %s', (name) => {
  test('synthesizes at least one template', () => {
    expect(Object.keys(templates('typescript', name)).length).toBeGreaterThan(0);
  });

  test('keeps its templates, down to the logical ids', () => {
    expect(masked(templates('typescript', name))).toMatchSnapshot();
  });

  test('is drawn as docs/diagrams shows it; otherwise: npm run diagrams', () => {
    const picture = readFileSync(join(root, 'docs', 'diagrams', `${name}.svg`), 'utf8');
    const [template] = Object.keys(templates('typescript', name));
    const file = join(root, 'build', 'synth', 'typescript', name, template);
    expect(execFileSync(process.execPath, [join(root, 'build-tools', 'diagrams.ts'), file], { encoding: 'utf8' })).toBe(
      picture,
    );
  });

  test.each(['python', 'java'])('gives the same templates in %s as in TypeScript', (language) => {
    expect(templates(language, name)).toEqual(templates('typescript', name));
  });
});
