import { Component, JsonFile, javascript } from 'projen';
import { PlainPackage } from './plain-package.ts';
import { AWS_SDK } from './versions.ts';

/** Subpaths of the package whose files are in src/runtime/entries. */
const ENTRIES = ['archive', 'storage', 'dispatch', 'exports', 'batch', 'loader', 'postgres'];

/** `fileworks-runtime`: what container and Lambda code imports, as ES modules and CommonJS. */
export class RuntimePackage extends Component {
  constructor(root: javascript.NodeProject) {
    super(root);
    const clients = ['s3', 'sqs', 'dynamodb'].map((client) => `@aws-sdk/client-${client}@${AWS_SDK}`);
    // What fileworks-runtime/loader loads files with
    const loader = [
      'pg-copy-streams@^7.0.0',
      'csv-parse@^7.0.0',
      'ajv@^8.20.0',
      'ajv-formats@^3.0.1',
      `@aws-sdk/client-secrets-manager@${AWS_SDK}`,
      `@aws-sdk/rds-signer@${AWS_SDK}`,
    ];
    const optionalPeers = [
      `@aws-sdk/client-eventbridge@${AWS_SDK}`,
      `@aws-sdk/client-sfn@${AWS_SDK}`,
      '@nestjs/common@^11 || ^12',
      '@nestjs/core@^11 || ^12',
      'pg@^8',
      'tar-stream@^3.2.2',
      '@zip.js/zip.js@^2.8.0',
      ...loader,
      // Declarations of fileworks-runtime/loader name types of pg
      '@types/pg@^8',
    ];
    const runtime = new PlainPackage(root, {
      outdir: 'src/runtime',
      name: 'fileworks-runtime',
      description: 'Runtime library for file workers on AWS: queue worker, archives, idempotent storage',
      libdir: 'dist',
      // The API of OpenTelemetry does nothing without an SDK, and is what the runtime imports without asking
      deps: [
        'pino@^10.4.0',
        '@opentelemetry/api@^1.9.0',
        '@aws-lambda-powertools/metrics@^2.36.0',
        '@standard-schema/spec@^1.1.0',
        '@aws-sdk/util-dynamodb@^3.900.0',
        'http-link-header@^1.1.3',
      ],
      peerDeps: [...clients, ...optionalPeers],
      devDeps: [
        ...clients,
        `@aws-sdk/client-eventbridge@${AWS_SDK}`,
        `@aws-sdk/client-sfn@${AWS_SDK}`,
        ...loader,
        '@types/pg-copy-streams@^1.2.5',
        '@smithy/node-http-handler@^4',
        '@types/http-link-header@^1',
        'pg@^8',
        '@types/pg@^8',
        'tar-stream@^3.2.2',
        '@zip.js/zip.js@^2.8.0',
        '@opentelemetry/sdk-trace-base@^2',
        '@opentelemetry/context-async-hooks@^2',
        // NestJS 11 is CommonJS, which Jest can load; 12 is tried in a process of its own
        '@nestjs/common@^11',
        '@nestjs/core@^11',
        '@nestjs/testing@^11',
        '@nestjs/terminus@^11',
        'rxjs@^7',
        'reflect-metadata@^0.2',
      ],
      // 'bundler' lets one source tree, which reaches into ../contract, become both module formats
      compilerOptions: {
        rootDir: '..',
        outDir: 'dist/esm',
        module: 'esnext',
        moduleResolution: javascript.TypeScriptModuleResolution.BUNDLER,
      },
      include: ['**/*.ts'],
    });
    runtime.tsconfig?.addExclude('dist');
    new JsonFile(runtime, 'tsconfig.cjs.json', {
      allowComments: false,
      obj: { extends: './tsconfig.json', compilerOptions: { module: 'commonjs', outDir: 'dist/cjs' } },
    });
    runtime.compileTask.exec('tsc -p tsconfig.json');
    runtime.compileTask.exec('tsc -p tsconfig.cjs.json');
    runtime.compileTask.exec(
      `node -e "require('fs').writeFileSync('dist/cjs/package.json', JSON.stringify({ type: 'commonjs' }))"`,
    );

    const conditions = (path: string) => ({
      import: { types: `./dist/esm/runtime/${path}.d.ts`, default: `./dist/esm/runtime/${path}.js` },
      require: { types: `./dist/cjs/runtime/${path}.d.ts`, default: `./dist/cjs/runtime/${path}.js` },
    });
    runtime.package.addField('type', 'module');
    runtime.package.addField('main', './dist/cjs/runtime/index.js');
    runtime.package.addField('module', './dist/esm/runtime/index.js');
    runtime.package.addField('types', './dist/cjs/runtime/index.d.ts');
    runtime.package.addField('exports', {
      '.': conditions('index'),
      ...Object.fromEntries(ENTRIES.map((name) => [`./${name}`, conditions(`entries/${name}`)])),
      './nestjs': conditions('nestjs/index'),
      './testing': conditions('testing/index'),
      './package.json': './package.json',
    });
    runtime.package.addField(
      'peerDependenciesMeta',
      Object.fromEntries(optionalPeers.map((peer) => [peer.slice(0, peer.lastIndexOf('@')), { optional: true }])),
    );
    runtime.package.addField('sideEffects', false);
    runtime.package.addField('files', ['dist/**/*.js', 'dist/**/*.d.ts', 'dist/cjs/package.json']);
  }
}
