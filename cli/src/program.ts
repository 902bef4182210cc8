import { Command, CommanderError } from 'commander';
import { addDeadLetterCommands } from './commands/dlq';
import { addFileCommands } from './commands/files';
import { addReconcileCommand } from './commands/reconcile';
import { addRerunCommands } from './commands/rerun';
import { addScalingCommands } from './commands/scaling';
import { addSequenceCommands } from './commands/sequence';
import { addStatusCommands } from './commands/status';
import { describeError, ExitCode } from './support/errors';
import type { Io } from './support/io';
import { printable, toJson } from './support/printable';

const FOOTER = `
Exit codes: 0 success, 1 failed AWS call or unexpected error, 2 invalid option or argument, 3 stack, construct or file not found, 4 not confirmed, 5 partial failure.`;

/** Runs one command line and returns its exit code. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const program = new Command('fileworks')
    .description('Operates a file pipeline that was deployed with cdk-fileworks.')
    .addHelpText('after', FOOTER)
    .option('-s, --stack <name>', 'stack of the pipeline (default: FILEWORKS_STACK)')
    .option('--region <name>', 'region of the stack (default: the region of the AWS configuration)')
    .option('--profile <name>', 'profile of the AWS configuration')
    .option('--endpoint-url <url>', 'endpoint of a local cloud (default: AWS_ENDPOINT_URL, or AWS)')
    .option('--json', 'print JSON on one line')
    .option('--dry-run', 'show the changes without making them')
    .option('-y, --yes', 'skip confirmation');
  addStatusCommands(program, io);
  addScalingCommands(program, io);
  addFileCommands(program, io);
  addRerunCommands(program, io);
  addReconcileCommand(program, io);
  addDeadLetterCommands(program, io);
  addSequenceCommands(program, io);
  // Every command throws instead of exiting, and writes to io, so that tests can read it
  const each = (command: Command): void => {
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => io.out(text.trimEnd()),
        writeErr: (text) => io.err(printable(text.trimEnd())),
      })
      .showHelpAfterError('see --help');
    command.commands.forEach(each);
  };
  each(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return ExitCode.ok;
  } catch (error) {
    return ending(error, args.includes('--json'), io);
  }
}

function ending(error: unknown, json: boolean, io: Io): number {
  // The parser has already printed the error; --help is no error
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
  const { exitCode, message } = describeError(error);
  io.err(json ? toJson({ error: message, exitCode }) : `fileworks: ${printable(message)}`);
  return exitCode;
}
