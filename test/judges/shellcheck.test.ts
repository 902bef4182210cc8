import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Finding, judge } from './support/judge';
import { runForJson } from './support/run';
import { resourcesOf, type Stack, stacks } from './support/templates';
import { program } from './support/tools';

interface Script {
  readonly where: string;
  readonly text: string;
}
interface BuildSpec {
  readonly phases: Readonly<Record<string, { readonly commands: readonly string[] }>>;
}
interface Report {
  readonly comments: readonly {
    readonly file: string;
    readonly line: number;
    readonly code: number;
    readonly message: string;
  }[];
}

/** A script that another one writes to a file. */
const WRITTEN = /^cat > (\S+\.sh) <<'(\w+)'\n([^]*?)\n\2$/gm;

/** One shell runs the commands of all phases of a build, until one fails. */
function scriptsOf(stack: Stack): Script[] {
  return resourcesOf(stack, 'AWS::CodeBuild::Project').flatMap(({ id, properties }) => {
    const { phases } = JSON.parse((properties as { Source: { BuildSpec: string } }).Source.BuildSpec) as BuildSpec;
    const text = ['set -e', ...Object.values(phases).flatMap(({ commands }) => commands)].join('\n');
    const where = `${stack.name}/${id}`;
    return [
      { where, text },
      ...[...text.matchAll(WRITTEN)].map((match) => ({ where: `${where} ${basename(match[1])}`, text: match[3] })),
    ];
  });
}

/** Files of ours that are scripts by their name or their first line. */
function ownScripts(): Script[] {
  const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(Boolean);
  const isScript = (file: string) =>
    /\.(sh|bash)$/.test(file) ||
    (!/\.[^/]+$/.test(basename(file)) && /^#!.*\b(ba|da)?sh\b/.test(readFileSync(file, 'latin1').split('\n', 1)[0]));
  return files.filter(isScript).map((where) => ({ where, text: readFileSync(where, 'utf8') }));
}

async function check(scripts: readonly Script[]): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'shellcheck-'));
  // Many templates have the same scripts
  const byText = new Map(scripts.map((script) => [script.text, script]));
  const files = [...byText.values()].map(({ text, where }, i) => {
    const file = join(folder, `${i}.sh`);
    writeFileSync(file, text);
    return [file, where] as const;
  });
  const names = new Map(files);
  const options = ['--shell', 'bash', '--format', 'json1'];
  const { comments } = runForJson(await program('shellcheck'), [...options, ...names.keys()]) as Report;
  return comments.map(({ file, line, code, message }) => ({
    rule: `SC${code}`,
    where: `${names.get(file)}:${line}`,
    message,
  }));
}

judge('shellcheck', {
  find: () => check([...ownScripts(), ...stacks().flatMap(scriptsOf)]),
  fault: () => check([{ where: 'a script', text: 'rm -r $folder/*' }]),
});
