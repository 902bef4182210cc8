// `node build-tools/try-versions.mjs aws-cdk-lib@2.257.0 constructs@10.5.1`: the packed packages with these versions of
// what users bring, on the Node.js that
// runs this, which may be the oldest that is supported: plain JavaScript, and nothing installed but what a user has.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const packed = resolve(import.meta.dirname, '..', 'dist', 'js');
const tarballs = readdirSync(packed)
  .filter((file) => /^(cdk-fileworks|fileworks-runtime)-/.test(file))
  .map((file) => join(packed, file));
const peers = ['s3', 'sqs', 'dynamodb'].map((client) => `@aws-sdk/client-${client}`);
const folder = mkdtempSync(join(tmpdir(), 'fileworks-versions-'));
const node = (...args) => execFileSync(process.execPath, args, { cwd: folder, stdio: 'inherit' });

const app = `
const { App, Stack } = require('aws-cdk-lib');
const { Vpc } = require('aws-cdk-lib/aws-ec2');
const { Cluster, ContainerImage } = require('aws-cdk-lib/aws-ecs');
const { FileIngestBucket, IngestTarget, QueueScaledFargateWorker, TaskLifecycleAlerts } = require('cdk-fileworks');
// newer versions check templates against the schemas of CloudFormation: then a finding is an error
const app = new App({ context: { '@aws-cdk/core:validateAgainstDefaultRules': true } });
const stack = new Stack(app, 'Tried');
const cluster = new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Vpc') });
const worker = new QueueScaledFargateWorker(stack, 'Worker', { cluster, image: ContainerImage.fromRegistry('public.ecr.aws/docker/library/node:24') });
new FileIngestBucket(stack, 'Inbox').addRoute('Zips', { suffixes: ['.zip'], target: IngestTarget.worker(worker) });
new TaskLifecycleAlerts(stack, 'Alerts', { clusters: [cluster] });
const { Resources } = app.synth().getStackByName('Tried').template;
if (!Object.values(Resources).some(({ Type }) => Type === 'AWS::ECS::Service')) throw new Error('no service in the template');
console.log(\`aws-cdk-lib \${require('aws-cdk-lib/package.json').version}: \${Object.keys(Resources).length} resources\`);
`;
const runtime = `
import { createRequire } from 'node:module';
import { runWorker } from 'fileworks-runtime';
const required = createRequire(import.meta.url)('fileworks-runtime');
if (typeof runWorker !== 'function' || typeof required.runWorker !== 'function') throw new Error('runWorker is missing');
console.log('fileworks-runtime loads by import and by require on Node.js', process.version);
`;

try {
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  execFileSync(
    'npm',
    [
      'install',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--prefer-offline',
      '--loglevel=error',
      ...tarballs,
      ...peers,
      ...process.argv.slice(2),
    ],
    { cwd: folder, stdio: 'inherit' },
  );
  writeFileSync(join(folder, 'app.cjs'), app);
  writeFileSync(join(folder, 'runtime.mjs'), runtime);
  node('app.cjs');
  node('runtime.mjs');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
