// Synthesizes one of the stacks in a process of its own, and tells what came out.
import { App, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster } from 'aws-cdk-lib/aws-ecs';
import { stacks } from './stacks.ts';

export interface Synthesized {
  readonly resources: number;
  /** Of the template without white space. */
  readonly bytes: number;
  /**
   * Of constructing the stack and synthesizing the app, which both load modules of aws-cdk-lib as they go; those of the
   * imports above were loaded before.
   */
  readonly cpuMilliseconds: number;
}

const app = new App({ analyticsReporting: false });
const shared = new Stack(app, 'Shared');
const cluster = new Cluster(shared, 'Cluster', { vpc: new Vpc(shared, 'Vpc', { maxAzs: 2, natGateways: 1 }) });
// What loading the modules has left behind is collected at some moment or other: now, and not in what is measured.
if (globalThis.gc === undefined) {
  throw new Error('run node with --expose-gc');
}
globalThis.gc();
const cpu = process.cpuUsage();
const stack = new Stack(app, 'Measured');
stacks[process.argv[2] ?? ''](stack, cluster);
const template = app.synth().getStackByName('Measured').template as { Resources?: object };
const { user, system } = process.cpuUsage(cpu);
const result: Synthesized = {
  cpuMilliseconds: (user + system) / 1e3,
  resources: Object.keys(template.Resources ?? {}).length,
  bytes: JSON.stringify(template).length,
};
console.log(JSON.stringify(result));
