import { javascript, typescript } from 'projen';
import { NODE_MIN, TYPESCRIPT } from './versions.ts';

export interface PlainPackageOptions {
  readonly outdir: string;
  readonly name: string;
  readonly description: string;
  readonly libdir: string;
  readonly deps?: string[];
  readonly peerDeps?: string[];
  readonly devDeps?: string[];
  readonly bin?: Record<string, string>;
  readonly compilerOptions: javascript.TypeScriptCompilerOptions;
  readonly include: string[];
}

/** An npm workspace that jsii never sees: plain TypeScript, compiled by tsc, tested and linted from the root. */
export class PlainPackage extends typescript.TypeScriptProject {
  constructor(parent: javascript.NodeProject, options: PlainPackageOptions) {
    super({
      parent,
      outdir: options.outdir,
      name: options.name,
      description: options.description,
      deps: options.deps,
      peerDeps: options.peerDeps,
      devDeps: options.devDeps,
      bin: options.bin,
      peerDependencyOptions: { pinnedDevDependency: false },
      authorName: 'Fileworks Authors',
      authorEmail: 'fileworks@users.noreply.github.com',
      repository: 'https://github.com/fileworks/cdk-fileworks.git',
      repositoryDirectory: options.outdir,
      license: 'Apache-2.0',
      defaultReleaseBranch: 'main',
      packageManager: javascript.NodePackageManager.NPM,
      minNodeVersion: NODE_MIN,
      typescriptVersion: TYPESCRIPT,
      libdir: options.libdir,
      entrypoint: '',
      release: false,
      depsUpgrade: false,
      sampleCode: false,
      eslint: false,
      jest: false,
      npmignoreEnabled: false,
      disableTsconfigDev: true,
      tsconfig: {
        compilerOptions: {
          skipLibCheck: true,
          sourceMap: true,
          inlineSourceMap: false,
          inlineSources: false,
          target: 'ES2023',
          lib: ['es2023'],
          types: ['node'],
          ...options.compilerOptions,
        },
        include: options.include,
        exclude: ['**/*.d.ts'],
      },
    });
    this.compileTask.reset();
    // A workspace has no node_modules of its own: install from the root, and not at all under CI,
    // where `npm ci` inside a workspace would prune the root
    this.package.installTask.reset('npm install', { cwd: '../'.repeat(options.outdir.split('/').length) });
    this.package.installCiTask.reset();
    this.gitignore.exclude(`/${options.libdir.split('/')[0]}/`);
  }
}
