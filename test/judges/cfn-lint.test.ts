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
const places = apps().filter((app) => app !== 'any-region');

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

async function find(): Promise<Finding[]> {
  const any = await Promise.all([
    lint(files('any-region'), ...places),
    ...places.slice(0, 1).map((app) => lint(files(app), app)),
  ]);
  const others = await Promise.all(places.slice(1).map((app) => lint(files(app), app)));
  return [...any, ...others].flat();
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
