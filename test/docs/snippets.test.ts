import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import { fences, root, type Fence } from './pages';

/** How the blocks of each language are checked; add an entry before you use another language. */
const CHECKS: Record<string, string> = {
  ts: 'compiled here',
  js: 'compiled here',
  json: 'parsed here',
  sh: 'commands.test.ts',
  console: 'commands.test.ts; the transcript in test/e2e/operations.test.ts',
  dockerfile: 'no Docker engine in the gate: checked in newcomer trials',
  text: 'not checked',
};

/**
 * Inserts a block into its fixture, as jsii-rosetta does for README.md and the doc comments:
 * `rosetta/<fixture>.ts-fixture`, by default `default`, with the imports and declarations of the block at the top.
 */
function withFixture({ text, parameters }: Fence): string {
  if (/\bnofixture\b/.test(parameters)) {
    return text;
  }
  const fixture = /\bfixture=(\S+)/.exec(parameters)?.[1] ?? 'default';
  const { statements } = ts.createSourceFile('block.ts', text, ts.ScriptTarget.Latest, true);
  const isTop = (statement: ts.Statement) =>
    ts.isImportDeclaration(statement) ||
    (ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword) === true);
  const [top, rest] = [statements.filter(isTop), statements.filter((statement) => !isTop(statement))].map((some) =>
    some.map((statement) => statement.getFullText()).join(''),
  );
  return `${top}\n${readFileSync(join(root, 'rosetta', `${fixture}.ts-fixture`), 'utf8').replace('/// here', () => rest)}`;
}

/** One program for all blocks, so that their imports are read once. */
function compile(blocks: readonly Fence[]): string[] {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, 'tsconfig.dev.json'), (file) => ts.sys.readFile(file)).config,
    ts.sys,
    root,
  );
  // Snippets may have unused names; they are compiled against the sources, so that no build is required
  Object.assign(options, { noUnusedLocals: false, noUnusedParameters: false, noEmit: true });
  options.paths = {
    ...options.paths,
    'fileworks-runtime': ['./src/runtime/index.ts'],
    'fileworks-runtime/*': ['./src/runtime/entries/*.ts', './src/runtime/*/index.ts'],
    'fileworks-local': ['./local/src/index.ts'],
  };
  const sources = new Map(blocks.map((block) => [join(root, `${block.at.replace(/[/:]/g, '-')}.ts`), block]));
  const files = ts.createCompilerHost(options);
  const textOf = (file: string) => {
    const block = sources.get(file);
    return block && withFixture(block);
  };
  const program = ts.createProgram([...sources.keys()], options, {
    ...files,
    fileExists: (file) => sources.has(file) || files.fileExists(file),
    readFile: (file) => textOf(file) ?? files.readFile(file),
    getSourceFile: (file, language, ...rest) => {
      const text = textOf(file);
      return text === undefined
        ? files.getSourceFile(file, language, ...rest)
        : ts.createSourceFile(file, text, language);
    },
  });
  return [...sources].flatMap(([file, { at }]) => {
    const source = program.getSourceFile(file)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText, start = 0 }) => {
        const line = source.text.split('\n')[source.getLineAndCharacterOfPosition(start).line];
        return `${at}: ${ts.flattenDiagnosticMessageText(messageText, ' ')} In: ${line.trim()}`;
      },
    );
  });
}

const of = (...languages: string[]) => fences.filter(({ language }) => languages.includes(language));
const wrong = (at: string, parameters: string, text: string): Fence => ({
  at,
  page: at,
  language: 'ts',
  parameters,
  text,
});
const WRONG = [
  wrong('wrong.md:1', '', 'new QueueScaledFargateWorker(this, "Unpacker", { cluster, images: 1 });'),
  wrong('wrong.md:9', 'fixture=runtime', 'import { runWorkers } from "fileworks-runtime";'),
];

describe('the blocks of code in the documentation', () => {
  test('are in languages with a check', () => {
    expect(
      fences.filter(({ language }) => !(language in CHECKS)).map(({ at, language }) => `${at}: ${language}`),
    ).toEqual([]);
    expect(Object.keys(CHECKS).filter((language) => of(language).length === 0)).toEqual([]);
  });

  test('compile in TypeScript and JavaScript, and two invalid blocks do not', () => {
    expect(of('ts', 'js').length).toBeGreaterThan(50);
    expect(compile([...of('ts', 'js'), ...WRONG])).toEqual([
      expect.stringMatching(/^wrong\.md:1: .*'images' does not exist.* In: new QueueScaledFargateWorker\(/),
      expect.stringMatching(/^wrong\.md:9: .*no exported member named 'runWorkers'/),
    ]);
  }, 120_000);

  test.each(of('json').map(({ at, text }) => [at, text]))('parse in JSON: %s', (_, text) => {
    expect(JSON.parse(text)).toEqual(expect.any(Object));
  });
});
