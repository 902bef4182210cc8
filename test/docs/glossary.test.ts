import { findingsAt, findingsIn, phrasesOf, type Finding } from '../support/glossary';
import { read, root } from './pages';

const GLOSSARY = 'docs/glossary.md';
const phrases = phrasesOf(read(GLOSSARY));

/** Groups of files, as patterns of Git. */
const GROUPS: Record<string, readonly string[]> = {
  'the pages at the root': ['README.md', 'SECURITY.md', 'CONTRIBUTING.md'],
  'the pages of docs/': ['docs/*.md', `:!${GLOSSARY}`],
  'the pages beside the code': ['src/*.md', 'local/*.md', 'cli/*.md', 'bench/*.md', 'examples/*.md'],
  'src/contract and src/constructs': ['src/index.ts', 'src/contract/*.ts', 'src/constructs/*.ts'],
  'src/handlers': ['src/handlers/*.ts'],
  'src/runtime': ['src/runtime/*.ts'],
  'cli/src': ['cli/src/*.ts'],
  'local/src': ['local/src/*.ts'],
  simulator: ['simulator/*.ts'],
  'the code of examples/': ['examples/*.ts', 'examples/*.py', 'examples/*.java'],
};

const describeFinding = ({ file, line, phrase, term }: Finding) => `${file}:${line}: "${phrase}", see "${term}"`;

describe('docs/glossary.md', () => {
  test('lists phrases to avoid', () => {
    expect(phrases).toContainEqual({ phrase: 'in work', term: 'in flight' });
    expect(phrases.length).toBeGreaterThan(50);
  });

  test.each(Object.entries(GROUPS))('holds in %s', (_, patterns) => {
    expect(findingsAt(root, patterns, phrases).map(describeFinding)).toEqual([]);
  });
});

describe('a phrase of the glossary is found', () => {
  const found = (file: string, text: string) =>
    findingsIn(file, text, phrases).map(({ line, phrase }) => [line, phrase]);

  test('in text, and in the comments and texts of blocks of code', () => {
    const block = ['```ts', '// files in work', "const rings = 'an alarm rings';", '```'];
    expect(found('page.md', ['Files in', 'work', '', ...block].join('\n'))).toEqual([
      [1, 'in work'],
      [5, 'in work'],
      [6, 'rings'],
    ]);
  });

  test('in comments and in texts of more than one word', () => {
    const lines = [
      '/** Gives',
      ' * back. */',
      "const told = `nobody ${'told'} knows`; // Trouble",
      "const rings = 'rings';",
    ];
    expect(found('code.ts', lines.join('\n'))).toEqual([
      [1, 'gives back'],
      [3, 'nobody'],
      [3, 'trouble'],
    ]);
  });

  test('in the comments of Python and Java', () => {
    expect(found('app.py', 'told = rings()  # A dead letter')).toEqual([[1, 'dead letter']]);
    expect(found('App.java', '/* Mend */ told(); // Beats')).toEqual([
      [1, 'beats'],
      [1, 'mend'],
    ]);
  });

  test('not in names, code or targets of links', () => {
    expect(found('page.md', 'See [`told`](told.md#told), `ring`.\n\n```sh\nring --told\n```\n')).toEqual([]);
    expect(found('code.ts', "import { told } from './told'; told(letter, 'letter', ring);")).toEqual([]);
  });
});
