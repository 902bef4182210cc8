import type { Command } from 'commander';
import { Pipeline } from '../pipeline';
import { connect, disconnect, type Clients } from '../support/clients';
import { CliError, ExitCode } from '../support/errors';
import type { Settings } from '../support/io';

interface GlobalOptions {
  readonly stack?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly endpointUrl?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** What a command works with. */
export interface Context {
  readonly clients: Clients;
  readonly pipeline: Pipeline;
  readonly settings: Settings;
}

/** Finds the pipeline, does the work and closes the connections. */
export async function inPipeline(command: Command, work: (context: Context) => Promise<void>): Promise<void> {
  const {
    region,
    profile,
    endpointUrl,
    json = false,
    dryRun = false,
    yes = false,
    ...options
  } = command.optsWithGlobals<GlobalOptions>();
  const stack = options.stack ?? process.env.FILEWORKS_STACK;
  if (stack === undefined || stack === '') {
    throw new CliError(
      ExitCode.usage,
      '--stack must name the stack of the pipeline, got none; say --stack <name>, or set FILEWORKS_STACK',
    );
  }
  const clients = connect({ region, profile, endpointUrl: endpointUrl === undefined ? undefined : urlOf(endpointUrl) });
  try {
    await work({ clients, pipeline: await Pipeline.find(clients, stack), settings: { json, dryRun, yes } });
  } finally {
    disconnect(clients);
  }
}

function urlOf(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) {
    return text;
  }
  throw new CliError(
    ExitCode.usage,
    `--endpoint-url must be a URL that begins with http:// or https://, got: ${text}; the local cloud prints its own at the start`,
  );
}
