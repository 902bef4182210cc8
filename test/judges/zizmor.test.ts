import { relative } from 'node:path';
import { type Finding, judge } from './support/judge';
import { runForJson } from './support/run';
import { program } from './support/tools';
import { faultyWorkflow, workflows } from './support/workflows';

interface Report {
  readonly ident: string;
  readonly desc: string;
  readonly locations: readonly {
    readonly symbolic: {
      readonly key: { readonly Local: { readonly verbatim_path: string } };
      readonly annotation: string;
    };
    readonly concrete: { readonly location: { readonly start_point: { readonly row: number } } };
  }[];
}

async function audit(files: readonly string[]): Promise<Finding[]> {
  const reports = runForJson(await program('zizmor'), ['--offline', '--format', 'json', ...files]) as Report[];
  return reports.map(({ ident, desc, locations }) => {
    const { symbolic, concrete } = locations[locations.length - 1];
    return {
      rule: ident,
      where: `${relative('.', symbolic.key.Local.verbatim_path)}:${concrete.location.start_point.row + 1}`,
      message: `${desc}: ${symbolic.annotation}`,
    };
  });
}

judge('zizmor', { find: () => audit(workflows()), fault: () => audit([faultyWorkflow()]) });
