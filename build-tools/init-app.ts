// Makes an app with `cdk init`, as a newcomer does, with its recommended feature flags and README's smallest program,
// and synthesizes it. It shares what examples.ts installs: the packed packages, and the versions of CDK that they pin.
//   node build-tools/init-app.ts <typescript|python|java>     prints the folder of the app; its assembly is in cdk.out
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, installExample, installWorker, isLanguage, type Language, synthesize } from './examples.ts';
import { fail, root, run, tools } from './steps.ts';

const example = 'quickstart';
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The code block of README that contains this text. */
function block(language: string, text: string): string {
  const blocks = [...readme.matchAll(/^```(\w+).*\n([\s\S]*?)^```/gm)].filter(([, name]) => name === language);
  return blocks.find(([, , code]) => code.includes(text))?.[2] ?? fail(`README.md shows no ${language} with ${text}`);
}

/** Changes a file of the app; each change must find its place. */
function edit(file: string, changes: readonly (readonly [RegExp, string])[]) {
  const edited = changes.reduce(
    (text, [place, replacement]) => {
      if (!place.test(text)) {
        fail(`cdk init makes another ${file} now: it does not match ${String(place)}`);
      }
      return text.replace(place, () => replacement);
    },
    readFileSync(file, 'utf8'),
  );
  writeFileSync(file, edited);
}

/** Writes README's program into the app; returns how its assembly is made. */
const program: Record<Language, (folder: string, installed: string) => (app: string) => string> = {
  typescript(folder, installed) {
    const modules = ['aws-cdk-lib/aws-ec2', 'aws-cdk-lib/aws-ecs'].map(
      (name) => `import * as ${name.slice(-3)} from '${name}';`,
    );
    const ours = /`(import \{[^`]+ from 'cdk-fileworks')`/.exec(readme)?.[1] ?? fail('README.md shows no import');
    edit(join(folder, 'lib', 'files-stack.ts'), [
      [/^(?=import)/, `${[...modules, ours].join('\n')}\n`],
      [
        /\n *\/\/ The code that defines your stack goes here[\s\S]*(?=\n {2}\}\n)/,
        `\n${block('ts', 'FileIngestBucket')}`,
      ],
    ]);
    symlinkSync(join(installed, 'node_modules'), join(folder, 'node_modules'));
    // Its own command has the compilers of the day
    return () => 'esbuild bin/files.ts --bundle --platform=node --packages=external --outfile=app.cjs && node app.cjs';
  },
  python(folder) {
    cpSync(join(root, 'test', 'fixtures', 'init', 'files_stack.py'), join(folder, 'files', 'files_stack.py'));
    return (app) => command('python', app);
  },
  java(folder, installed) {
    const classes = join('src', 'main', 'java', 'com', 'myorg', 'FilesStack.java');
    cpSync(join(root, 'test', 'fixtures', 'init', 'FilesStack.java'), join(folder, classes));
    rmSync(join(folder, 'src', 'test'), { recursive: true });
    const pom = readFileSync(join(installed, 'pom.xml'), 'utf8');
    const one = (pattern: RegExp) =>
      pattern.exec(pom)?.[0] ?? fail(`the example's pom.xml does not match ${String(pattern)}`);
    edit(join(folder, 'pom.xml'), [
      [/<dependencies>[\s\S]*<\/dependencies>/, one(/<dependencies>[\s\S]*<\/dependencies>/)],
      // Plugins of other versions would be downloaded for this app alone
      [/<version>3\.11\.0<\/version>/, one(/(?<=maven-compiler-plugin<\/artifactId>\s*)<version>.*<\/version>/)],
      [/<version>3\.1\.0<\/version>/, one(/(?<=exec-maven-plugin<\/artifactId>\s*)<version>.*<\/version>/)],
    ]);
    return (app) => command('java', app);
  },
};

/** The worker of README, with the packages of the example's. */
async function makeWorker(folder: string) {
  const worker = join(folder, 'worker');
  mkdirSync(worker);
  writeFileSync(join(worker, 'main.mjs'), block('js', 'runWorker'));
  writeFileSync(join(worker, 'Dockerfile'), block('dockerfile', 'main.mjs'));
  writeFileSync(join(worker, '.dockerignore'), 'node_modules\n');
  writeFileSync(join(worker, 'package.json'), '{ "private": true }\n');
  symlinkSync(join(await installWorker(example), 'node_modules'), join(worker, 'node_modules'));
}

export async function initApp(language: Language): Promise<string> {
  const installed = await installExample(language, example);
  const folder = join(tools, 'workplace', 'init', language, 'files');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run(`making a ${language} app with cdk init`, 'cdk', ['init', 'app', '--language', language, '--generate-only'], {
    cwd: folder,
    env: { CDK_DISABLE_CLI_TELEMETRY: 'true' },
  });
  await makeWorker(folder);
  const shell = program[language](folder, installed);
  synthesize(`synthesizing the ${language} app`, folder, shell, join(folder, 'cdk.out'));
  return folder;
}

const [language] = process.argv.slice(2);
if (!isLanguage(language)) {
  fail('usage: node build-tools/init-app.ts <typescript|python|java>');
}
console.log(await initApp(language));
