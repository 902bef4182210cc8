import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileworks } from '../../cli/test/support/command';
import { fences, pages, read, root } from './pages';

interface Line {
  readonly at: string;
  readonly text: string;
}

/** A run writes the transcript, and test/e2e/operations.test.ts compares it with each run. */
const TRANSCRIPT = 'docs/operations/troubleshooting-transcript.md';
/** External programs, which this repository cannot check. */
const OTHERS = [
  'aws',
  'cd',
  'gh',
  'git',
  'mvn',
  'pip',
  'printf',
  'echo',
  'for',
  'do',
  'done',
  'export',
  'npm ci',
  'npm test',
  'npm install',
  'npm pkg',
  'cd',
  'cp',
  'npx cdk',
  'npx esbuild',
  'npx projen',
];

/** Commands that made a number once, and may be gone. */
const OF_A_COMMIT = /by commit [0-9a-f]{7}, with `[^`]+`/g;

const blocks: Line[] = fences
  .filter(({ language, page }) => ['sh', 'console'].includes(language) && page !== TRANSCRIPT)
  .flatMap(({ at, language, text }) =>
    text
      .replaceAll('\\\n', ' ')
      .replaceAll(/\|\n/g, '| ')
      .trim()
      .split('\n')
      .filter((line) => language === 'sh' || line.startsWith('$ '))
      .map((line) => ({ at, text: line.replace(/^\$ /, '') })),
  );
const inline: Line[] = pages.flatMap((page) =>
  [
    ...read(page)
      .replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '')
      .replaceAll(OF_A_COMMIT, '')
      .matchAll(/`((?:npm run|npx|node [a-z-]+\/) ?[^`]+)`/g),
  ].map(([, text]) => ({ at: page, text })),
);

/**
 * The commands of a line, each as its words. `<name>` and `…` are placeholders; the value 5 is valid for all of them.
 */
const commands = [...blocks, ...inline].flatMap(({ at, text }) =>
  text.split(/ (?:&&|\|) |; /).map((command) => ({
    at,
    command,
    words: [...command.replaceAll(/<[A-Za-z]+>|…/g, '5').matchAll(/'([^']*)'|"((?:\\.|[^"\\])*)"|(\S+)/g)].map(
      ([, ...parts]) => parts.join('').replaceAll('\\"', '"'),
    ),
  })),
);

/** The projen tasks behind the scripts of package.json. */
const tasks = (
  JSON.parse(read('.projen/tasks.json')) as { tasks: Partial<Record<string, { steps?: { exec?: string }[] }>> }
).tasks;

/** Describes the error in a command, if there is one. */
async function faultOf(words: readonly string[]): Promise<string | undefined> {
  const [program, what = '', ...rest] = words.filter((word) => !/^[A-Z_]+=/.test(word));
  if (program === 'npm' && what === 'run') {
    return faultOfScript(rest[0] ?? '', rest.slice(rest.indexOf('--') + 1 || rest.length));
  }
  if (program === 'npx' && what === 'fileworks') {
    const { code, err } = await fileworks([
      '--endpoint-url',
      'http://127.0.0.1:1',
      ...(rest.includes('--stack') ? [] : ['--stack', 'S']),
      ...(rest.length === 0 ? ['--help'] : rest),
    ]);
    return code === 2 ? err : undefined;
  }
  if (program === 'npx' && what === 'fileworks-local') {
    return faultOfOptions(rest, 'local/src/cli.ts');
  }
  if (program === 'npx' && what === 'jest') {
    return faultOfTests(rest[0] ?? '');
  }
  if (program === 'npm' && what === 'test' && rest.length > 0) {
    return faultOfTests(rest[1] ?? '');
  }
  if (program === 'node' && what === '-p') {
    return /^[[{]/.test(execFileSync('node', ['-p', rest[0]], { cwd: root, encoding: 'utf8' }))
      ? undefined
      : 'prints no JSON';
  }
  if (program === 'node') {
    return existsSync(join(root, what)) ? faultOfOptions(rest, what) : 'no such file';
  }
  return OTHERS.includes(program) || OTHERS.includes(`${program} ${what}`) ? undefined : 'an unknown program';
}

function faultOfTests(path: string): string | undefined {
  return globSync(`${path}*`, { cwd: root }).length === 0 ? 'no such tests' : undefined;
}

function faultOfScript(script: string, args: readonly string[]): string | undefined {
  const file = /^node (\S+)/.exec(tasks[script]?.steps?.at(-1)?.exec ?? '')?.[1];
  const [name = ''] = args;
  if (!(script in (JSON.parse(read('package.json')) as { scripts: object }).scripts)) {
    return 'no such script';
  }
  if (script === 'bench') {
    return existsSync(join(root, 'bench', `${name}.ts`)) ? undefined : `no such bench: ${name}`;
  }
  if (script === 'e2e') {
    return name === '' || existsSync(join(root, 'test/e2e', `${name}.test.ts`))
      ? undefined
      : `no such deployment: ${name}`;
  }
  if (args.length === 0) {
    return undefined;
  }
  return file === undefined ? 'the script takes no arguments' : faultOfOptions(args, file);
}

/** Searches for the options in the sources of the program. */
function faultOfOptions(args: readonly string[], file: string): string | undefined {
  const sources = globSync(`${dirname(file.replace('local/lib/', 'local/src/'))}/*.{ts,mjs}`, { cwd: root })
    .map((source) => readFileSync(join(root, source), 'utf8'))
    .join('\n');
  const missing = args
    .filter((arg) => arg.startsWith('--'))
    .map((arg) => arg.slice(2))
    .filter((option) => !new RegExp(`['"\\s](--)?${option}['"]?[:,) ]`).test(sources));
  return missing.length > 0 ? `no such option: ${missing.join(', ')}` : undefined;
}

describe('the commands in the documentation', () => {
  beforeAll(() =>
    Object.assign(process.env, {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_MAX_ATTEMPTS: '1',
    }),
  );

  test('exist, with their options', async () => {
    const faults = [];
    for (const { at, command, words } of commands) {
      const fault = await faultOf(words);
      if (fault !== undefined) {
        faults.push(`${at}: ${command}: ${fault}`);
      }
    }
    expect(faults).toEqual([]);
    expect(commands.length).toBeGreaterThan(100);
  }, 60_000);

  test('have valid JSON arguments', () => {
    const json = commands
      .filter(({ words }) => words[0] === 'aws')
      .flatMap(({ words }) => words.filter((word) => word.startsWith('{')));
    expect(json.length).toBeGreaterThan(5);
    for (const word of json) {
      expect(JSON.parse(word)).toEqual(expect.any(Object));
    }
  });

  test.each([
    ['npm run bensh'],
    ['npm run bench -- quue'],
    ['npm run simulate -- --workloud bursts'],
    ['npm run lint -- --loud'],
    ['npx fileworks satus'],
    ['npx fileworks rerun W --rat 5'],
    ['npx fileworks-local --ap cdk.out'],
    ['npx jest test/nowhere'],
    ['npm test -- test/nowhere'],
    ['node build-tools/nothing.ts'],
    ['npx fileworx status'],
  ])('fail if they do not exist: %s', async (command) => {
    expect(await faultOf(command.split(' '))).toBeDefined();
  });
});
