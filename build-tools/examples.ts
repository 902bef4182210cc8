// Installs a reference deployment the way a user would, on the packed packages only, and synthesizes it.
//   node build-tools/examples.ts <typescript|python|java> <name> <outdir>
//   node build-tools/examples.ts worker <name>      (installs its container code and prints the folder)
//   node build-tools/examples.ts models <name>      (installs what its models need and prints the folder of the
// programs)
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { make } from './make.ts';
import { fail, once, root, run, tools } from './steps.ts';

export const languages = ['typescript', 'python', 'java'] as const;
export type Language = (typeof languages)[number];
export const isLanguage = (text = ''): text is Language => (languages as readonly string[]).includes(text);

/** Where the copy of an example lives; `examples/` keeps its shape there, since the apps refer to ../../worker. */
const workplace = (language: Language) => join(tools, 'workplace', language);
const mavenSettings = join(tools, 'workplace', 'java', 'settings.xml');
const exampleIn = (language: Language, name: string) => join(workplace(language), 'examples', language, name);

function tarball(packageName: string): string {
  const folder = join(root, 'dist', 'js');
  const file = readdirSync(folder).find((name) => name.startsWith(`${packageName}-`));
  return join(folder, file ?? fail(`dist/js has no tarball of ${packageName}`));
}

/** Copies without what an earlier run left behind. */
function copyFresh(from: string, to: string) {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, {
    recursive: true,
    filter: (path) => !/(^|\/)(node_modules|cdk\.out|target|\.venv|__pycache__)$/.test(path),
  });
}

function copyExample(language: Language, name: string) {
  copyFresh(join(root, 'examples', 'worker', name), join(workplace(language), 'examples', 'worker', name));
  copyFresh(join(root, 'examples', language, name), exampleIn(language, name));
}

const npmInstall = (what: string, cwd: string, tarballs: string[]) =>
  run(
    what,
    'npm',
    ['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', '--loglevel=error', ...tarballs],
    { cwd },
  );

function makePythonEnvironment(venv: string) {
  rmSync(venv, { recursive: true, force: true });
  run('making a fresh Python environment', 'python3', ['-m', 'venv', venv], { needs: 'python3' });
}

const pipInstall = (what: string, venv: string, packages: string[], cwd: string) =>
  run(what, join(venv, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...packages], { cwd });

const packages = ['src', 'README.md', 'package.json', 'package-lock.json'];

const install: Record<Language, (name: string) => Promise<void> | void> = {
  typescript(name) {
    npmInstall(`installing the packed cdk-fileworks into examples/typescript/${name}`, exampleIn('typescript', name), [
      tarball('cdk-fileworks'),
    ]);
  },
  async python(name) {
    const venv = join(workplace('python'), 'venv');
    const wheels = readdirSync(join(root, 'dist', 'python'))
      .filter((file) => file.endsWith('.whl'))
      .map((file) => join(root, 'dist', 'python', file));
    // The examples share one environment; it is fresh for each build, because pip takes a wheel of the same version for
    // the same
    await once('example-python-environment', packages, [venv], () => makePythonEnvironment(venv));
    pipInstall(
      `installing the packed wheel for examples/python/${name}`,
      venv,
      [...wheels, '-r', 'requirements.txt'],
      exampleIn('python', name),
    );
  },
  java(name) {
    // The jar of an earlier build has the same version: Maven would not look again
    rmSync(join(workplace('java'), 'repository', 'io', 'github', 'fileworks'), { recursive: true, force: true });
    writeFileSync(
      mavenSettings,
      `<settings>
  <localRepository>${join(workplace('java'), 'repository')}</localRepository>
  <profiles><profile><id>packed</id><repositories><repository><id>packed</id><url>file://${join(root, 'dist', 'java')}</url></repository></repositories></profile></profiles>
  <activeProfiles><activeProfile>packed</activeProfile></activeProfiles>
</settings>
`,
    );
    run(`installing the packed jar for examples/java/${name}`, 'mvn', ['-q', '-B', '-s', mavenSettings, 'compile'], {
      cwd: exampleIn('java', name),
      needs: 'mvn',
    });
  },
};

/** A command of cdk.json, as each language's workplace runs it. */
export function command(language: Language, app: string): string {
  if (language === 'python') {
    return app.replace(/^python3/, join(workplace('python'), 'venv', 'bin', 'python3'));
  }
  return language === 'java' ? app.replace(/^mvn/, `mvn -s ${mavenSettings}`) : app;
}

/** Installs the example with the packages, when either changed; returns its folder. */
export async function installExample(language: Language, name: string): Promise<string> {
  await make(language === 'typescript' ? 'js' : language);
  const inputs = [...packages, `examples/${language}/${name}`, `examples/worker/${name}`];
  await once(`example-${language}-${name}`, inputs, [exampleIn(language, name)], () => {
    copyExample(language, name);
    return install[language](name);
  });
  return exampleIn(language, name);
}

/** Synthesizes an app with the context of its cdk.json. */
export function synthesize(what: string, folder: string, shell: (app: string) => string, outdir: string): void {
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  const { app, context } = JSON.parse(readFileSync(join(folder, 'cdk.json'), 'utf8')) as {
    app: string;
    context?: Record<string, unknown>;
  };
  run(what, 'sh', ['-c', shell(app)], {
    cwd: folder,
    env: {
      CDK_OUTDIR: resolve(outdir),
      CDK_CONTEXT_JSON: JSON.stringify({
        'aws:cdk:enable-path-metadata': true,
        'aws:cdk:enable-asset-metadata': true,
        ...context,
      }),
      CDK_VALIDATION: 'false',
    },
  });
}

/** Synthesizes the example into `outdir`; installs it first when the packages or the example changed. */
export async function synthExample(language: Language, name: string, outdir: string): Promise<string> {
  const folder = await installExample(language, name);
  synthesize(`synthesizing examples/${language}/${name}`, folder, (app) => command(language, app), outdir);
  return outdir;
}

/**
 * Synthesizes a copy of the example whose image is built on the packed runtime, as examples/README.md says: an account
 * builds it from what npm may not have yet.
 *
 * @param edit changes the copy of the app before
 */
export async function synthWithImage(
  name: string,
  outdir: string,
  edit: (folder: string) => void = () => undefined,
): Promise<string> {
  const installed = await installExample('typescript', name);
  const examples = join(tools, 'workplace', 'images', 'examples');
  const [folder, worker] = [join(examples, 'typescript', name), join(examples, 'worker', name)];
  copyFresh(join(root, 'examples', 'worker', name), worker);
  copyFresh(installed, folder);
  edit(folder);
  symlinkSync(join(installed, 'node_modules'), join(folder, 'node_modules'));
  const runtime = tarball('fileworks-runtime');
  cpSync(runtime, join(worker, basename(runtime)));
  const file = join(worker, 'package.json');
  const description = JSON.parse(readFileSync(file, 'utf8')) as { dependencies: Record<string, string> };
  description.dependencies['fileworks-runtime'] = `file:${basename(runtime)}`;
  writeFileSync(file, JSON.stringify(description, null, 2));
  synthesize(`synthesizing examples/typescript/${name} with its image`, folder, (app) => app, outdir);
  return outdir;
}

/** Installs an example's container code on the packed runtime, as its Dockerfile does; returns its folder. */
export async function installWorker(name: string): Promise<string> {
  const folder = join(tools, 'workplace', 'worker', name);
  await make('js');
  await once(
    `worker-${name}`,
    ['src/runtime', 'src/contract', `examples/worker/${name}`],
    [join(folder, 'node_modules')],
    () => {
      copyFresh(join(root, 'examples', 'worker', name), folder);
      npmInstall(`installing the packed fileworks-runtime into examples/worker/${name}`, folder, [
        tarball('fileworks-runtime'),
      ]);
    },
  );
  return folder;
}

/** Installs what an example's models need, as its build does; returns the folder of the programs. */
export async function installModels(name: string): Promise<string> {
  const venv = join(tools, 'workplace', 'models', name);
  const folder = join('examples', 'worker', name, 'dbt');
  await once(`models-${name}`, [join(folder, 'requirements.txt')], [venv], () => {
    makePythonEnvironment(venv);
    // What is never imported is not compiled: half of the time
    pipInstall(
      `installing what the models of examples/worker/${name} need`,
      venv,
      ['--no-compile', '-r', 'requirements.txt'],
      join(root, folder),
    );
  });
  return join(venv, 'bin');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [what, name, outdir] = process.argv.slice(2);
  if (what === 'worker' && name) {
    console.log(await installWorker(name));
  } else if (what === 'models' && name) {
    console.log(await installModels(name));
  } else if (isLanguage(what) && name && outdir) {
    await synthExample(what, name, outdir);
  } else {
    fail(
      'usage: node build-tools/examples.ts <typescript|python|java> <name> <outdir>, or worker <name>, or models <name>',
    );
  }
}
