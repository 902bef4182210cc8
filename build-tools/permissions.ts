// Removes each Allow statement of the deployed reference deployments in turn, and judges the calls of their end-to-end
// runs again: a statement that no call misses survives, and needs a reason.
//
//   npm run permissions                       all statements, of the deployments that have run
//   npm run permissions -- quickstart         of one
//   npm run permissions -- --seconds 120      as many as fit, in an order that the commit decides
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { LocalCloud, type AuthorizedCall, type StatementUse } from 'fileworks-local';
import { bootstrap } from '../test/e2e/support/bootstrap-roles.ts';
import { record } from './results.ts';
import { inCommitOrder } from './commit-order.ts';
import { fail, root } from './steps.ts';

/** What an end-to-end run leaves: see test/least-privilege/findings.ts. */
interface Recording {
  readonly app: string;
  /** Physical ids by stack and logical id: parts of some are random. */
  readonly resources: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly calls: readonly AuthorizedCall[];
  /** Why statements were not used, by `<logical id>[<index>]`. */
  readonly unused: Readonly<Record<string, readonly string[]>>;
}

interface Mutant {
  readonly deployment: string;
  readonly statement: StatementUse;
  readonly outcome: 'denied' | 'refused' | 'survived';
  /** The call that was denied, the reason of the refusal, or why no run uses the statement. */
  readonly because: string;
}

type Statement = Record<string, unknown>;
interface Document {
  readonly Statement: Statement | Statement[];
}
interface Template {
  readonly Resources: Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>;
}

const RECORDINGS = join(root, 'build', 'permissions');
const BUCKET = 'fileworks-permissions';
const MAX_SURVIVORS = 0.05;
const POLL_MS = 50;
const STREAM = /^(arn:aws:dynamodb:[^/]+:table\/[^/]+)\/stream\//;

/** A condition that no call meets: with it, a statement is as good as removed, and its policy stays valid. */
const NEVER = { StringEquals: { 'aws:PrincipalTag/removed': 'removed' } };

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seconds: { type: 'string' } } });
const names = positionals.length > 0 ? positionals : recorded();
const deadline = values.seconds === undefined ? Infinity : Date.now() + Number(values.seconds) * 1000;
const share = values.seconds === undefined ? Infinity : (Number(values.seconds) * 1000) / names.length;

const originals = new Map<string, string>();
const mutants: Mutant[] = [];
for (const name of names) {
  mutants.push(...(await mutate(name, Math.min(deadline, Date.now() + share))));
}
report();

function recorded(): string[] {
  const files = existsSync(RECORDINGS) ? readdirSync(RECORDINGS) : [];
  if (files.length === 0) {
    fail('no run has been recorded: run `npm run e2e` first');
  }
  return files.map((file) => basename(file, '.json')).sort();
}

async function mutate(deployment: string, until: number): Promise<Mutant[]> {
  const recording = JSON.parse(readFileSync(join(RECORDINGS, `${deployment}.json`), 'utf8')) as Recording;
  const { app, unused } = recording;
  const cloud = await LocalCloud.start({ app, toolsDir: join(root, '.tools') });
  const found: Mutant[] = [];
  try {
    await bootstrap(cloud);
    const recorded = translated(recording, cloud, await cloud.authorizedCalls());
    // A test has queues and topics of its own, which are not deployed here
    const before = await cloud.judge(recorded);
    const calls = recorded.filter((_, index) => before[index]);
    console.log(`${deployment}: ${calls.length} of ${recorded.length} recorded calls are on what it deploys`);
    const statements = ordered(await cloud.statements());
    for (const statement of statements) {
      if (Date.now() > until) {
        break;
      }
      const refusal = await withoutStatement(cloud, statement);
      const denied = refusal === undefined ? (await cloud.judge(calls)).indexOf(false) : -1;
      const reasons = unused[`${statement.logicalId}[${statement.index}]`] ?? [];
      found.push({
        deployment,
        statement,
        outcome: refusal !== undefined ? 'refused' : denied >= 0 ? 'denied' : 'survived',
        because: refusal ?? (denied >= 0 ? describe(calls[denied]) : reasons.join('; ')),
      });
    }
    console.log(`${deployment}: ${found.length} of ${statements.length} statements`);
  } finally {
    await cloud.stop();
  }
  return found;
}

/** The recorded calls, on the resources of this deployment; `own` are the calls that it has made itself. */
function translated(
  { resources, calls }: Recording,
  cloud: LocalCloud,
  own: readonly AuthorizedCall[],
): readonly AuthorizedCall[] {
  const names = Object.entries(resources).flatMap(([stack, before]) =>
    Object.entries(before).map(([logicalId, name]) => [name, cloud.resources(stack)[logicalId] ?? name] as const),
  );
  // A longer name first: it may contain another
  const inOrder = names.filter(([from, to]) => from !== to).sort(([a], [b]) => b.length - a.length);
  const text = inOrder.reduce((json, [from, to]) => json.replaceAll(from, to), JSON.stringify(calls));
  // The ARN of a stream ends with the time at which it was made
  const streams = own.flatMap(
    ({ resource }) =>
      STREAM.exec(resource)
        ?.slice(1, 2)
        .map((table) => [table, resource]) ?? [],
  );
  const streamOf = new Map(streams as [string, string][]);
  return (JSON.parse(text) as AuthorizedCall[]).map((call) => ({
    ...call,
    resource: streamOf.get(STREAM.exec(call.resource)?.[1] ?? '') ?? call.resource,
  }));
}

/** Updates the stack to its template without the statement; returns why CloudFormation refused that, if it did. */
async function withoutStatement(cloud: LocalCloud, statement: StatementUse): Promise<string | undefined> {
  const config = cloud.clientConfig();
  const cloudFormation = new CloudFormationClient(config);
  const s3 = new S3Client(config);
  try {
    const template = await original(cloudFormation, statement.stack);
    disable(template, statement);
    await s3.send(new CreateBucketCommand({ Bucket: BUCKET })).catch(() => undefined);
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: statement.stack, Body: JSON.stringify(template) }));
    const parameters = (await stackOf(cloudFormation, statement.stack)).Parameters ?? [];
    await cloudFormation.send(
      new UpdateStackCommand({
        StackName: statement.stack,
        TemplateURL: `${cloud.endpoint}/${BUCKET}/${statement.stack}`,
        Capabilities: ['CAPABILITY_NAMED_IAM'],
        Parameters: parameters.map(({ ParameterKey }) => ({ ParameterKey, UsePreviousValue: true })),
      }),
    );
    for (;;) {
      const { StackStatus: status = '', StackStatusReason: reason } = await stackOf(cloudFormation, statement.stack);
      if (!status.endsWith('IN_PROGRESS')) {
        return status === 'UPDATE_COMPLETE' ? undefined : (reason ?? status);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    cloudFormation.destroy();
    s3.destroy();
  }
}

/** The template as it was first deployed. */
async function original(cloudFormation: CloudFormationClient, stack: string): Promise<Template> {
  const kept = originals.get(stack);
  if (kept !== undefined) {
    return JSON.parse(kept) as Template;
  }
  const { TemplateBody: body = '{}' } = await cloudFormation.send(new GetTemplateCommand({ StackName: stack }));
  originals.set(stack, body);
  return JSON.parse(body) as Template;
}

async function stackOf(cloudFormation: CloudFormationClient, name: string) {
  const { Stacks: stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
  return stacks.at(0) ?? fail(`${name} is gone`);
}

function disable({ Resources: resources }: Template, { logicalId, index, statement }: StatementUse): void {
  const { Type: type, Properties: properties } = resources[logicalId];
  if (type === 'AWS::Lambda::Permission') {
    properties['SourceArn'] = 'arn:aws:sqs:us-east-1:000000000000:removed';
    return;
  }
  const inline = (properties['Policies'] ?? []) as { PolicyDocument: Document }[];
  const documents = [
    ...['AssumeRolePolicyDocument', 'PolicyDocument', 'ResourcePolicy', 'KeyPolicy'].map((name) => properties[name]),
    ...inline.map(({ PolicyDocument }) => PolicyDocument),
  ] as (Document | undefined)[];
  const found = documents
    .flatMap((document): Statement[] => [document?.Statement ?? []].flat().slice(index, index + 1))
    .find((candidate) => JSON.stringify(candidate['Action']) === JSON.stringify(statement['Action']));
  if (!found) {
    fail(`${logicalId} has no statement ${index} for ${JSON.stringify(statement['Action'])}`);
  }
  const conditions = (found['Condition'] ?? {}) as Record<string, Record<string, unknown>>;
  found['Condition'] = { ...conditions, StringEquals: { ...conditions['StringEquals'], ...NEVER.StringEquals } };
}

/** In the order of the template, or, for a sample, in one that differs from commit to commit. */
function ordered(statements: readonly StatementUse[]): StatementUse[] {
  if (values.seconds === undefined) {
    return [...statements];
  }
  return inCommitOrder(statements, ({ logicalId, index }) => `${logicalId} ${index}`);
}

function describe({ principal, action, resource }: AuthorizedCall): string {
  return `${action} on ${resource} by ${principal.split('/').at(1) ?? principal}`;
}

function report(): void {
  console.log('\ndeployment         statements  denied  refused  survived');
  for (const name of names) {
    const own = mutants.filter(({ deployment }) => deployment === name);
    const count = (outcome: Mutant['outcome']) => own.filter((mutant) => mutant.outcome === outcome).length;
    const columns = [own.length, count('denied'), count('refused'), count('survived')];
    console.log(
      `${name.padEnd(18)} ${columns.map((number, at) => String(number).padStart([10, 7, 8, 9][at])).join(' ')}`,
    );
  }
  const survivors = mutants.filter(({ outcome }) => outcome === 'survived');
  for (const { deployment, statement, because } of survivors) {
    const actions = [statement.statement['Action']].flat().join(', ');
    console.log(`\n${deployment}: ${statement.logicalId}[${statement.index}] ${actions}\n  ${because || 'NO REASON'}`);
  }
  const without = survivors.filter(({ because }) => because === '');
  const part = survivors.length / Math.max(mutants.length, 1);
  console.log(
    `\n${survivors.length} of ${mutants.length} statements survive (${(part * 100).toFixed(1)} %), ${without.length} without a reason`,
  );
  const failed = without.length + (values.seconds === undefined && part > MAX_SURVIVORS ? 1 : 0);
  record('permissions', { passed: mutants.length - without.length, failed });
  process.exit(failed > 0 || mutants.length === 0 ? 1 : 0);
}
