import { relative } from 'node:path';
import { type Finding, judge } from './support/judge';
import { runForJson } from './support/run';
import { actionlint, program } from './support/tools';
import { faultyWorkflow, workflows } from './support/workflows';

interface Report {
  readonly kind: string;
  readonly message: string;
  readonly filepath: string;
  readonly line: number;
}

/** With shellcheck for the scripts in workflows. */
async function lint(files: readonly string[]): Promise<Finding[]> {
  const options = ['-shellcheck', await program('shellcheck'), '-pyflakes=', '-format', '{{json .}}'];
  const reports = runForJson(actionlint(), [...options, ...files]) as Report[];
  return reports.map(({ kind, message, filepath, line }) => ({
    rule: kind,
    where: `${relative('.', filepath)}:${line}`,
    message,
  }));
}

judge('actionlint', { find: () => lint(workflows()), fault: () => lint([faultyWorkflow()]) });
