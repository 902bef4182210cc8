import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import type { AddService } from './compare/stacks.ts';
import { SimulatorError } from './failure.ts';
import { defaultParameters, type Parameters } from './parameters.ts';
import { readWorkload } from './read-workload.ts';
import { renderPlot } from './report/plot.ts';
import { renderTable } from './report/table.ts';
import { run, type Run } from './run.ts';
import type { Wake } from './template/read-worker.ts';
import { readTemplateFile } from './template/template.ts';
import type { Workload } from './workload.ts';
import { workloads } from './workloads.ts';

const usage = `npm run simulate -- --template FILE [--template FILE …] --workload NAME|FILE [--workload …] [options]
npm run simulate -- --compare [--workload NAME …] [options]

  --template FILE       a synthesized template: cdk.out/*.template.json
  --workload NAME|FILE  ${workloads.map(({ name }) => name).join(', ')}, or a JSON file
  --compare             QueueScaledFargateWorker and its peers, all with the same maximum, slots, sizes and capacity
  --service ID          logical id of the service, for a template that scales several
  --slots N             jobs that a task runs at the same time (default: from the template, else 1)
  --protection on|off   whether busy tasks are protected from scale-in (default: on if the task role permits it)
  --wake off|one|backlog  tasks that an arrival starts (default: backlog if a function's role permits it, else off)
  --metric NAME=EXPR    a metric published outside of the template, as metric math over visible, inFlight, running, desired
  --set NAME=NUMBER     a parameter of AWS: ${Object.keys(defaultParameters).join(', ')}
  --seed N              seed of the random numbers (default: 1); the same seed gives the same result
  --svg FILE            plots of backlog and tasks, one file for each workload
  --json                one JSON line for each template and workload instead of the table`;

/** Loads our worker for a comparison; tests load the sources. */
type LoadWorker = () => Promise<{ readonly addFileworks: AddService }>;

/** Runs the command line; returns the exit code. */
export async function main(
  args: readonly string[],
  write: (text: string) => void = (text) => process.stdout.write(`${text}\n`),
  loadWorker: LoadWorker = () => import('./ours.ts'),
): Promise<number> {
  try {
    const options = readArguments(args);
    if (options.help) {
      write(usage);
      return 0;
    }
    const runs: Run[] = [];
    for (const workload of options.workloads) {
      const ofWorkload = options.compare
        ? await runComparison(workload, options, loadWorker)
        : runTemplates(workload, options);
      if (options.svg) {
        writePlot(options.svg, options.workloads.length > 1, workload, ofWorkload);
      }
      runs.push(...ofWorkload);
    }
    await report(runs, options, write);
    return 0;
  } catch (error) {
    if (!(error instanceof SimulatorError) && !isUsageError(error)) {
      throw error;
    }
    write(`✖ ${error.message}`);
    return 1;
  }
}

interface Options {
  readonly help: boolean;
  readonly compare: boolean;
  readonly json: boolean;
  readonly templates: readonly string[];
  readonly workloads: readonly Workload[];
  readonly metrics: readonly string[];
  readonly parameters: Parameters;
  readonly seed: number;
  readonly service?: string;
  readonly slots?: number;
  readonly protection?: boolean;
  readonly wake?: Wake;
  readonly svg?: string;
}

function readArguments(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      template: { type: 'string', multiple: true, default: [] },
      workload: { type: 'string', multiple: true, default: [] },
      metric: { type: 'string', multiple: true, default: [] },
      set: { type: 'string', multiple: true, default: [] },
      compare: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      service: { type: 'string' },
      slots: { type: 'string' },
      protection: { type: 'string' },
      wake: { type: 'string' },
      seed: { type: 'string', default: '1' },
      svg: { type: 'string' },
    },
  });
  const fail = (problem: string): never => {
    throw new SimulatorError(`${problem}; --help shows the options`);
  };
  if (!values.help && values.compare === values.template.length > 0) {
    fail('give either --template, once or more, or --compare');
  }
  if (!values.help && values.template.length > 0 && values.workload.length === 0) {
    fail('--workload is missing');
  }
  const slots = values.slots === undefined ? undefined : Number(values.slots);
  if (slots !== undefined && !(Number.isInteger(slots) && slots > 0)) {
    fail(`--slots must be a whole number of 1 or more, got ${String(values.slots)}`);
  }
  if (values.protection !== undefined && !['on', 'off'].includes(values.protection)) {
    fail(`--protection must be on or off, got ${values.protection}`);
  }
  if (values.wake !== undefined && !['off', 'one', 'backlog'].includes(values.wake)) {
    fail(`--wake must be off, one or backlog, got ${values.wake}`);
  }
  if (!Number.isInteger(Number(values.seed))) {
    fail(`--seed must be a whole number, got ${values.seed}`);
  }
  return {
    help: values.help,
    compare: values.compare,
    slots,
    json: values.json,
    templates: values.template,
    metrics: values.metric,
    workloads: values.workload.length > 0 ? values.workload.map(readWorkload) : workloads,
    parameters: readParameters(values.set),
    seed: Number(values.seed),
    service: values.service,
    svg: values.svg,
    protection: values.protection === undefined ? undefined : values.protection === 'on',
    wake: values.wake as Wake | undefined,
  };
}

function readParameters(settings: readonly string[]): Parameters {
  const given = settings.map((setting) => {
    const [name, value] = setting.split('=');
    if (!(name in defaultParameters) || !(Number(value) >= 0)) {
      throw new SimulatorError(
        `--set ${setting} must be NAME=NUMBER with a number of 0 or more and one of ${Object.keys(defaultParameters).join(', ')}`,
      );
    }
    return [name, Number(value)];
  });
  return { ...defaultParameters, ...(Object.fromEntries(given) as Partial<Parameters>) };
}

function runTemplates(
  workload: Workload,
  { templates, seed, parameters, metrics, service, slots, protection, wake }: Options,
): Run[] {
  return templates.map((file) => {
    const subject = {
      name: basename(file).replace(/(\.template)?\.json$/, ''),
      template: readTemplateFile(file),
      metrics,
      service,
      slots,
      protection,
      wake,
    };
    return run(subject, workload, seed, parameters);
  });
}

async function runComparison(
  workload: Workload,
  { seed, parameters, protection, wake }: Options,
  loadWorker: LoadWorker,
): Promise<Run[]> {
  // Loading the CDK takes a second, and only a comparison needs it.
  const { compare } = await import('./compare/compare.ts');
  return compare((await loadWorker()).addFileworks, workload, seed, parameters, { protection, wake });
}

async function report(runs: readonly Run[], { json, compare }: Options, write: (text: string) => void): Promise<void> {
  const summaries = runs.map(({ summary }) => summary);
  if (json) {
    summaries.forEach((summary) => write(JSON.stringify(summary)));
    return;
  }
  write(renderTable(summaries));
  for (const note of new Set(
    runs.flatMap(({ summary, notes }) => notes.map((note) => `${summary.template}: ${note}`)),
  )) {
    write(`note: ${note}`);
  }
  if (!compare) {
    return;
  }
  const { checkTargets } = await import('./compare/targets.ts');
  for (const { promise, kept, evidence } of checkTargets(summaries)) {
    write(`${kept ? '✔' : '✖'} ${promise}: ${evidence}`);
  }
}

function writePlot(file: string, several: boolean, workload: Workload, runs: readonly Run[]): void {
  const path = several ? file.replace(/(\.svg)?$/, `-${workload.name}.svg`) : file;
  writeFileSync(
    path,
    renderPlot(
      workload.name,
      workload.description,
      runs.map(({ summary, minutes }) => ({ name: summary.template, minutes })),
    ),
  );
}

/** Whether `parseArgs` threw it, for an unknown option. */
function isUsageError(error: unknown): error is Error {
  return String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
}
