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

/** Clients, pipeline and settings of a command. */
export interface Context {
  readonly clients: Clients;
  readonly pipeline: Pipeline;
  readonly settings: Settings;
}

/** Finds the pipeline, runs the action and closes the connections. */
export async function inPipeline(command: Command, action: (context: Context) => Promise<void>): Promise<void> {
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
      '--stack must name the stack of the pipeline, got none; add --stack <name>, or set FILEWORKS_STACK',
    );
  }
  const clients = connect({ region, profile, endpointUrl: endpointUrl === undefined ? undefined : urlOf(endpointUrl) });
  try {
    await action({ clients, pipeline: await Pipeline.find(clients, stack), settings: { json, dryRun, yes } });
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
    `--endpoint-url must be a URL that begins with http:// or https://, got: ${text}; fileworks-local prints its endpoint at startup`,
  );
}
