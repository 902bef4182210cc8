// Synthesizes every construct into build/judges/templates/<app>/, for the judges to read; the workflows that constructs
// write go into build/judges/workflows/.
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { everything } from './everything.ts';
import { required } from './required.ts';
import { type Builds, created, imported, type Surroundings } from './surroundings.ts';

const ACCOUNT = '111122223333';
const REGIONS = ['us-east-1', 'cn-north-1', 'us-gov-west-1'];
const out = resolve('build/judges/templates');

/** @param region of every stack; without one, they are deployed to any */
function write(name: string, context: Record<string, unknown>, region?: string, path?: string): void {
  const zones = { [`availability-zones:account=${ACCOUNT}:region=${region}`]: [`${region}a`, `${region}b`] };
  const app = new App({ context: { ...context, ...zones }, outdir: join(out, name), analyticsReporting: false });
  const props = region === undefined ? {} : { env: { account: ACCOUNT, region } };
  const around = created(new Stack(app, 'Shared', props));
  const scope = path === undefined ? app : new Construct(app, path);
  const add = (kind: string, builds: Builds, given?: Omit<Surroundings, 'stack'>) => {
    for (const [construct, build] of Object.entries(builds)) {
      const stack = new Stack(scope, `${kind}${construct}`, props);
      build({ stack, ...(given ?? imported(stack)) });
    }
  };
  add('Required', required, around);
  add('Everything', everything, around);
  add('Imported', required);
  app.synth();
}

// Each template would be checked by a copy of cfn-lint's rules, which costs seconds
process.env.CDK_VALIDATION = 'false';
rmSync('build/judges', { recursive: true, force: true });
const { default: flags } = await import('aws-cdk-lib/recommended-feature-flags.json', { with: { type: 'json' } });
write('any-region', {});
write('long-path', {}, undefined, `Größe ${'x'.repeat(240)}`);
for (const region of REGIONS) {
  write(region, flags, region);
}
