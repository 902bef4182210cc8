import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import type { AddService } from './compare/stacks.ts';
import type { ExportStacks } from './exports/stacks.ts';
import { SimulatorError } from './failure.ts';
import { defaultParameters, type Parameters } from './parameters.ts';
import { renderPlot } from './report/plot.ts';
import { renderTable } from './report/table.ts';
import { run, type Run } from './run.ts';
import type { Wake } from './template/read-worker.ts';
import { readTemplateFile } from './template/template.ts';
import { readWorkload, type Workload } from './workload.ts';
import { workloads } from './workloads.ts';

const usage = `npm run simulate -- --template FILE [--template FILE …] --workload NAME|FILE [--workload …] [options]
npm run simulate -- --compare [--workload NAME …] [options]
npm run simulate -- --exports [--jobs N] [--max-tasks N] [--slots N] [--seed N] [--set NAME=NUMBER] [--json]

  --template FILE       a synthesized template: cdk.out/*.template.json
  --workload NAME|FILE  ${workloads.map(({ name }) => name).join(', ')}, or a JSON file
  --compare             our worker and its peers, all with the same maximum, slots, sizes and capacity
  --exports             a day of export jobs with each of the four ways to build a service for them, on demand and on Spot
  --jobs N              export jobs of that day (default: 100000)
  --max-tasks N         the most tasks of what downloads (default: 3000)
  --service ID          logical id of the service, for a template that scales several
  --slots N             jobs that a task runs at the same time (default: what the template says, else 1; 4 files for --exports)
  --protection on|off   whether tasks that work are protected from scale-in (default: whether a role may do it)
  --wake off|one|backlog  what an arrival starts by itself (default: backlog if a role may do it, else off)
  --metric NAME=EXPR    a metric published from outside, as metric math over visible, inFlight, running, desired
  --set NAME=NUMBER     a parameter of AWS: ${Object.keys(defaultParameters).join(', ')}
  --seed N              default 1; the same seed gives the same result
  --svg FILE            plots of backlog and tasks, one file for each workload
  --json                one JSON line for each template and workload, in place of the table`;

/** Our constructs when they are compared; tests give the sources. */
export interface Ours {
  readonly addFileworks: AddService;
  readonly exportStacks: ExportStacks;
}

/** Runs the command line; gives the exit code. */
export async function main(
  args: readonly string[],
  write: (text: string) => void = (text) => process.stdout.write(`${text}\n`),
  loadOurs = loadCompiled,
): Promise<number> {
  try {
    const options = readArguments(args);
    if (options.help) {
      write(usage);
      return 0;
    }
    if (options.exports) {
      await runExports(options, write, loadOurs);
      return 0;
    }
    const runs: Run[] = [];
    for (const workload of options.workloads) {
      const ofWorkload = options.compare
        ? await runComparison(workload, options, loadOurs)
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
  readonly exports: boolean;
  readonly jobs?: number;
  readonly maxTasks?: number;
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
      exports: { type: 'boolean', default: false },
      jobs: { type: 'string' },
      'max-tasks': { type: 'string' },
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
  const fail = (what: string): never => {
    throw new SimulatorError(`${what}; --help shows the options`);
  };
  if (!values.help && [values.compare, values.exports, values.template.length > 0].filter(Boolean).length !== 1) {
    fail('give either --template, once or more, or --compare, or --exports');
  }
  if (!values.help && values.template.length > 0 && values.workload.length === 0) {
    fail('--workload is missing');
  }
  for (const name of ['workload', 'metric', 'service', 'protection', 'wake', 'svg'] as const) {
    if (values.exports && values[name] !== undefined && values[name].length > 0) {
      fail(`--${name} is not for --exports`);
    }
  }
  for (const name of ['jobs', 'max-tasks'] as const) {
    if (!values.exports && values[name] !== undefined) {
      fail(`--${name} is for --exports`);
    }
  }
  const wholeNumber = (name: 'slots' | 'jobs' | 'max-tasks') => {
    const value = values[name] === undefined ? undefined : Number(values[name]);
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      fail(`--${name} must be a whole number of 1 or more, got ${String(values[name])}`);
    }
    return value;
  };
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
    exports: values.exports,
    jobs: wholeNumber('jobs'),
    maxTasks: wholeNumber('max-tasks'),
    slots: wholeNumber('slots'),
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
  loadOurs: () => Promise<Ours>,
): Promise<Run[]> {
  // Only a comparison needs the CDK, and a second to load it.
  const { compare } = await import('./compare/compare.ts');
  return compare((await loadOurs()).addFileworks, workload, seed, parameters, { protection, wake });
}

async function runExports(
  options: Options,
  write: (text: string) => void,
  loadOurs: () => Promise<Ours>,
): Promise<void> {
  const { jobs, maxTasks = 3_000, slots: downloads = 4, seed, parameters, json } = options;
  const [{ compareExports }, { exportDay }, { renderExports }, { exportStacks }] = await Promise.all([
    import('./exports/compare.ts'),
    import('./exports/day.ts'),
    import('./exports/table.ts'),
    loadOurs(),
  ]);
  const summaries = compareExports(exportStacks, { day: exportDay(jobs), maxTasks, downloads, seed, parameters });
  if (json) {
    summaries.forEach((summary) => write(JSON.stringify(summary)));
  } else {
    write(renderExports(summaries));
  }
}

async function loadCompiled(): Promise<Ours> {
  return import('./ours.ts');
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

/** What `parseArgs` throws for an option that there is not. */
function isUsageError(error: unknown): error is Error {
  return String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
}
