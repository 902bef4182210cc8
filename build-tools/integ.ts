// `npm run integ -- <deployment>`: the end-to-end test of a reference deployment in an account, or at an endpoint.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { synthWithImage } from './examples.ts';
import { requirePrograms, requireReady, TAG, whoCalls, type Place } from './integ/account.ts';
import { estimate, PRICES } from './integ/estimate.ts';
import { apiOf, callApi, requireReachable, type ServedApi } from './integ/export-api.ts';
import { bringSource } from './integ/own-source.ts';
import { removeRun } from './integ/remove.ts';
import { fail, root } from './steps.ts';

/** Deployments whose tests run in an account, and for how many hours at most. */
const HOURS: Readonly<Partial<Record<string, number>>> = {
  quickstart: 1,
  'object-tasks': 1,
  'csv-batch': 1,
  'typed-ingest': 1,
  'export-service': 2,
  'json-loader': 2,
};
/** Containers are pulled, alarms wait for minutes, and Fargate needs a minute for a task. */
const PATIENCE_IN_ACCOUNT = 10;
const POLL_MS = { account: 5_000, endpoint: 200 };
const USAGE = `Usage: npm run integ -- <deployment>... [options]
       npm run integ -- --cleanup <run id> [options]

Deploys reference deployments into an account, runs their end-to-end tests there, and removes all of it.
Deployments: ${Object.keys(HOURS).join(', ')}

  --region <name>      Region (default: AWS_REGION, else AWS_DEFAULT_REGION)
  --profile <name>     profile of the AWS configuration
  --endpoint <url>     a cloud at this URL instead of AWS, such as \`npm run local -- --no-app\` (default: AWS_ENDPOINT_URL)
  --api-url <url>      where the account reaches the API that the test of export-service serves on this machine
  --yes                do not ask before the deployment
  --run-id <id>        value of the tag ${TAG} (default: a new one)
  --update-on-failed   only deployments whose templates differ from their snapshots; update these when the tests pass
  --no-clean           keep the stacks, for the search of an error
  --cleanup <run id>   remove what a run has left
  --help               print this text`;

const { values, positionals: names } = readArguments();
if (values.help === true) {
  console.log(USAGE);
  process.exit(0);
}
if (values.profile !== undefined) {
  process.env.AWS_PROFILE = values.profile;
}
if (values.endpoint !== undefined) {
  process.env.AWS_ENDPOINT_URL = values.endpoint;
}
const endpoint = process.env.AWS_ENDPOINT_URL;
const region =
  values.region ??
  process.env.AWS_REGION ??
  process.env.AWS_DEFAULT_REGION ??
  fail('which Region? Name it with --region, or in AWS_REGION');
process.env.AWS_REGION = region;
const run =
  values.cleanup ?? values['run-id'] ?? `${new Date().toISOString().slice(0, 10)}-${randomBytes(3).toString('hex')}`;
if (!/^[\w-]{1,32}$/.test(run)) {
  fail(`the id of a run has 1 to 32 letters, digits, hyphens and underscores, got: ${run}`);
}
const pollMs = endpoint === undefined ? POLL_MS.account : POLL_MS.endpoint;

/** What a signal ends; the removal follows. */
const going: { child?: ChildProcess; interrupted: boolean } = { interrupted: false };
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    console.log(
      going.interrupted ? 'the removal goes on' : `\n${signal}: the run ends, and what it created is removed`,
    );
    going.interrupted = true;
    if (going.child?.pid !== undefined) {
      process.kill(-going.child.pid, 'SIGTERM');
    }
  });
}

if (values.cleanup !== undefined) {
  await whoCalls(region);
  process.exit((await remove()) ? 0 : 1);
}
const unknown = names.filter((name) => HOURS[name] === undefined);
if (names.length === 0 || unknown.length > 0) {
  fail(
    `${names.length === 0 ? 'which deployment?' : `no test of ${unknown.join(', ')} runs in an account:`} choose from ${Object.keys(HOURS).join(', ')}; npm run integ -- --help`,
  );
}
const apis = new Map(names.map((name) => [name, apiOf(name, { url: values['api-url'], endpoint })]));
const place = await whoCalls(region);
let ok = true;
for (const name of names) {
  ok = !going.interrupted && (await test(name, place)) && ok;
}
process.exit(going.interrupted ? 130 : ok ? 0 : 1);

async function test(name: string, at: Place): Promise<boolean> {
  if (values['update-on-failed'] === true && (await snapshot(name, '--ci'))) {
    console.log(`✔ ${name}: its templates are those of the snapshot; nothing to do`);
    return true;
  }
  const api = apis.get(name);
  const app = await synthWithImage(name, join(root, 'build', 'integ', name), editOf(name, api));
  const stacks = stacksIn(app);
  requirePrograms(endpoint === undefined);
  await requireReady(at, stacks);
  if (api !== undefined) {
    await requireReachable(api);
  }
  await announce(name, app, at);
  let passed = false;
  try {
    passed = (await deploy(app)) && (await runTests(name, stacks));
  } finally {
    passed = (values.clean === false ? keep() : await remove()) && passed;
  }
  return passed && (values['update-on-failed'] !== true || (await snapshot(name, '-u')));
}

/** How the copy of an example differs that is deployed. */
function editOf(name: string, api: ServedApi | undefined): ((folder: string) => void) | undefined {
  return name === 'json-loader' ? bringSource : api && ((folder) => callApi(folder, api));
}

/** Says what is created and what it costs, and asks. */
async function announce(name: string, app: string, { account, caller }: Place): Promise<void> {
  const hours = HOURS[name] ?? 1;
  const api = apis.get(name);
  const templates = readdirSync(app)
    .filter((file) => file.endsWith('.template.json'))
    .map((file) => JSON.parse(readFileSync(join(app, file), 'utf8')) as Parameters<typeof estimate>[0][number]);
  const { resources, tasks, dollarsAnHour, dollars } = estimate(templates, hours);
  const total = resources.reduce((sum, [, count]) => sum + count, 0);
  console.log(`
${name}, run ${run}
  account   ${account} in ${region}${endpoint === undefined ? '' : `, at ${endpoint}`}, as ${caller}
  creates   ${stacksIn(app).length} stack (${stacksIn(app).join(', ')}) with ${total} resources, each tagged ${TAG}=${run} where its type has tags:
            ${resources.map(([type, count]) => `${count} ${type.replace(/^AWS::/, '')}`).join(', ')}
  costs     at most $${dollars.toFixed(2)} for ${hours} h: $${dollarsAnHour.toFixed(2)} an hour with ${tasks} tasks, and $${PRICES.requests.toFixed(2)} for requests
            (prices of us-east-1 as of ${PRICES.asOf}; Fargate, builds, databases, addresses, alarms, keys, secrets, NAT gateways, endpoints)
  removes   all of it at the end, also when a test fails; files and images in the bootstrap stack stay until \`npx cdk gc\`${api === undefined ? '' : `\n  calls     ${api.url}, which leads to port ${api.port} of this machine, where the test serves an API`}
`);
  if (values.yes === true) {
    return;
  }
  if (!process.stdin.isTTY) {
    fail('nothing was created: without a terminal to ask, confirm with --yes');
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Deploy it? (yes/no) ');
  terminal.close();
  if (answer.trim().toLowerCase() !== 'yes') {
    fail('nothing was created');
  }
}

function deploy(app: string): Promise<boolean> {
  const cdk = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const what = ['deploy', '--all', '--app', app, '--tags', `${TAG}=${run}`];
  return start([cdk, ...what, '--require-approval', 'never', '--progress', 'events', '--no-notices', '--ci']);
}

function runTests(name: string, stacks: readonly string[]): Promise<boolean> {
  const patience = endpoint === undefined ? PATIENCE_IN_ACCOUNT : 1;
  return start([jest(), join(root, 'test', 'e2e', `${name}.test.ts`)], {
    FILEWORKS_INTEG: JSON.stringify({
      id: run,
      region,
      stacks,
      emulated: endpoint !== undefined,
      patience,
      api: apis.get(name),
    }),
  });
}

/** Whether the templates are those of the snapshot, which the gate holds too; or updates it. */
function snapshot(name: string, mode: '--ci' | '-u'): Promise<boolean> {
  return start([jest(), join(root, 'test', 'examples', 'parity.test.ts'), mode, '-t', `${name} keeps its templates`]);
}

async function remove(): Promise<boolean> {
  const problems = await removeRun({ region, run, pollMs, print: (line) => console.log(line) });
  problems.forEach((problem) => console.error(`✖ not removed: ${problem}`));
  if (problems.length > 0) {
    console.error(`  try again: npm run integ -- --cleanup ${run}`);
  }
  return problems.length === 0;
}

function keep(): boolean {
  console.log(`the stacks stay, and cost; remove them with: npm run integ -- --cleanup ${run}`);
  return true;
}

function jest(): string {
  return join(root, 'node_modules', 'jest', 'bin', 'jest.js');
}

/** Runs a program to its end, which a signal brings about; whether it succeeded. */
async function start(args: string[], env: Record<string, string> = {}): Promise<boolean> {
  if (going.interrupted) {
    return false;
  }
  // In a process group of its own: Ctrl-C reaches this process alone, which ends the other and removes the stacks
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    detached: true,
    env: { ...process.env, ...env },
  });
  going.child = child;
  const code = await new Promise((done) => child.once('close', done));
  going.child = undefined;
  return code === 0 && !going.interrupted;
}

function stacksIn(app: string): string[] {
  const { artifacts } = JSON.parse(readFileSync(join(app, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, { type: string; properties?: { stackName?: string } }>;
  };
  return Object.entries(artifacts)
    .filter(([, { type }]) => type === 'aws:cloudformation:stack')
    .map(([id, { properties }]) => properties?.stackName ?? id);
}

function readArguments() {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      allowPositionals: true,
      allowNegative: true,
      options: {
        region: text,
        profile: text,
        endpoint: text,
        'api-url': text,
        yes: flag,
        'run-id': text,
        'update-on-failed': flag,
        clean: flag,
        cleanup: text,
        help: flag,
      },
    });
  } catch (error) {
    return fail(`${(error as Error).message.split('. ')[0]}; npm run integ -- --help`);
  }
}
