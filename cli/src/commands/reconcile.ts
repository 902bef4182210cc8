import { Option, type Command } from 'commander';
import { choose } from '../pipeline';
import { byManifest, byModule, byResults, type Decider } from '../reconcile/decider';
import { dispatcherOf, reconcileDispatcher } from '../reconcile/dispatcher';
import { ledgerOf } from '../reconcile/ledger';
import { reconcile, type Reconciled } from '../reconcile/reconcile';
import { describeRoutes, type ObjectRoute } from '../reconcile/routes';
import type { Clients } from '../support/clients';
import { CliError, ExitCode } from '../support/errors';
import { emit, type Io } from '../support/io';
import { ago, wholeNumber } from '../support/options';
import { safe } from '../support/printable';
import { inPipeline, type Context } from './context';

interface DecidingOptions {
  readonly results?: string;
  readonly manifest?: string;
  readonly processed?: string;
}

interface ReconcileCommandOptions extends DecidingOptions {
  readonly prefix: string;
  readonly modifiedAfter: Date;
  readonly modifiedBefore: Date;
  readonly send?: boolean;
  readonly rate: number;
  readonly limit?: number;
}

const EXAMPLES = 10;

export function addReconcileCommand(program: Command, io: Io): void {
  program
    .command('reconcile')
    .argument('[route]', 'name of the route, if the stack has several')
    .description('find objects that are in the bucket and were not processed, and send their events again')
    .option('--prefix <prefix>', 'only keys that begin with this', '')
    .addOption(
      new Option('--modified-after <time>', 'only objects modified within this time, such as 12h or 30d')
        .argParser(ago)
        .default(ago('7d'), '7d'),
    )
    .addOption(
      new Option('--modified-before <time>', 'only objects modified longer ago than this; others may be on their way')
        .argParser(ago)
        .default(ago('15m'), '15m'),
    )
    .option('--results <uri>', 'processed is what has a result there: an S3 URI with {key}, {path}, {stem}, {version}')
    .option('--manifest <file>', 'processed is what is in this list of keys: a file or an S3 URI')
    .option('--processed <module>', 'processed is what the default export of this module returns true for')
    .option('--send', 'send the events of unprocessed objects')
    .option('--rate <events>', 'maximum events per second', wholeNumber(1, 3_000), 10)
    .option('--limit <objects>', 'maximum unprocessed objects', wholeNumber(1, 10_000_000))
    .action((name: string | undefined, options: ReconcileCommandOptions, command: Command) =>
      inPipeline(command, (context) => run(context, io, name, options)),
    );
}

async function run(
  { clients, pipeline, settings }: Context,
  io: Io,
  name: string | undefined,
  { send = false, results, manifest, processed, ...options }: ReconcileCommandOptions,
): Promise<void> {
  const route = choose('route', await describeRoutes(clients, pipeline), name);
  const given = await givenDecider(clients, { results, manifest, processed }, options.prefix);
  const dispatcher = given === undefined ? await dispatcherOf(clients, pipeline, route) : undefined;
  const examples: string[] = [];
  const work = {
    ...options,
    send: send && !settings.dryRun,
    signal: io.signal,
    found: (key: string) => {
      if (examples.length < EXAMPLES) {
        examples.push(key);
      }
    },
  };
  let by: string;
  let done: Reconciled;
  if (dispatcher !== undefined) {
    by = `table of ${dispatcher.name}`;
    done = await reconcileDispatcher(clients, dispatcher, route, work);
  } else {
    const decider = given ?? (await ledgerOf(clients, route)) ?? refuse(route);
    by = decider.by;
    done = await reconcile(clients, route, decider, work);
  }
  emit(io, settings, { route: route.name, bucket: route.bucket, by, ...done, examples }, () =>
    render(route, by, done, examples, work.send),
  );
  if (done.failed > 0) {
    throw new CliError(
      ExitCode.incomplete,
      `${done.failed} events could not be sent${done.error === undefined ? '' : `: ${done.error}`}; repeat the command`,
    );
  }
}

async function givenDecider(
  clients: Clients,
  { results, manifest, processed }: DecidingOptions,
  prefix: string,
): Promise<Decider | undefined> {
  const given = Object.entries({ '--results': results, '--manifest': manifest, '--processed': processed }).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length > 1) {
    throw new CliError(
      ExitCode.usage,
      `only one of --results, --manifest and --processed can decide what was processed, got: ${given.map(([option]) => option).join(' and ')}; combine them in a module for --processed`,
    );
  }
  if (results !== undefined) {
    return byResults(clients, results, prefix);
  }
  if (manifest !== undefined) {
    return byManifest(clients, manifest);
  }
  return processed === undefined ? undefined : byModule(processed);
}

function refuse({ name }: ObjectRoute): never {
  throw new CliError(
    ExitCode.usage,
    `${name} leads neither to a dispatcher nor to a loader, so that nothing says which objects were processed; add --results with the keys of the results, --manifest with a list of processed keys, or --processed with a module that decides`,
  );
}

function render(
  { name, bucket }: ObjectRoute,
  by: string,
  { listed, unprocessed, sent, failed, incomplete }: Reconciled,
  examples: readonly string[],
  send: boolean,
): string {
  return [
    safe`${name}, bucket ${bucket}, by ${by}: ${listed} objects, ${unprocessed} not processed`,
    ...examples.map((key) => safe`  ${key}`),
    ...(unprocessed > examples.length ? [`  and ${unprocessed - examples.length} more`] : []),
    send
      ? `${sent} events sent, ${failed} failed`
      : unprocessed === 0
        ? 'Nothing to send.'
        : 'Nothing was sent: add --send to send their events.',
    ...(incomplete ? ['The bucket was not listed to its end: repeat the command.'] : []),
  ].join('\n');
}
