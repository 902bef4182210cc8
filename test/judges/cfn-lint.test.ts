import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { type Finding, judge } from './support/judge';
import { apps, files } from './support/templates';
import { python } from './support/tools';

interface Report {
  readonly Rule: { readonly Id: string };
  readonly Message: string;
  readonly Filename: string;
  readonly Location: { readonly Path: readonly (string | number)[] | null };
}

/** Errors and warnings; of what else it can tell, the partition written into an ARN. */
const CHECKS = ['--include-checks', 'I3042', '--configure-rule', 'I3042:partition=true', '--include-experimental'];
const places = ['us-east-1', 'cn-north-1', 'us-gov-west-1'];

async function lint(templates: readonly string[], ...regions: string[]): Promise<Finding[]> {
  // The environment was moved after its installation, and with it the interpreter that its scripts name
  const script = join(dirname(await python()), 'cfn-lint');
  const args = [script, ...CHECKS, '--regions', ...regions, '--format', 'json', '--template', ...templates];
  const interpreter = await python();
  const output = await new Promise<string>((done, failed) => {
    execFile(interpreter, args, { maxBuffer: 1 << 28 }, (_error, stdout, stderr) =>
      // Findings set the exit code too; without output it did not run, which is not the same as no finding
      stdout.startsWith('[') ? done(stdout) : failed(new Error(`cfn-lint gave no report: ${stderr}`)),
    );
  });
  return (JSON.parse(output) as Report[]).map(({ Rule, Message, Filename, Location }) => ({
    rule: Rule.Id,
    where: `${relative(resolve('build/judges/templates'), Filename)}/${(Location.Path ?? []).join('/')}`,
    message: Message,
  }));
}

/** Two at a time, as many as the machines of the gate have processors. */
async function find(): Promise<Finding[]> {
  const waiting = apps().map((app) => [files(app), places.includes(app) ? [app] : places] as const);
  const found: Finding[][] = [];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      found.push(await lint(next[0], ...next[1]));
    }
  };
  await Promise.all([work(), work()]);
  return found.flat();
}

async function fault(): Promise<Finding[]> {
  const template = join(mkdtempSync(join(tmpdir(), 'cfn-lint-')), 'template.json');
  const properties = { VisibilityTimeout: 43_201, RedrivePolicy: { deadLetterTargetArn: 'arn:aws:sqs:x:1:q' } };
  writeFileSync(
    template,
    JSON.stringify({ Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: properties } } }),
  );
  return lint([template], ...places);
}

judge('cfn-lint', { find, fault });
