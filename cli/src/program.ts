import { Command, CommanderError } from 'commander';
import { addDeadLetterCommands } from './commands/dlq';
import { addFileCommands } from './commands/files';
import { addScalingCommands } from './commands/scaling';
import { addSequenceCommands } from './commands/sequence';
import { addStatusCommands } from './commands/status';
import { describeError, ExitCode } from './support/errors';
import type { Io } from './support/io';
import { printable, toJson } from './support/printable';

const FOOTER = `
Exit codes: 0 done, 1 AWS refused or something failed, 2 a wrong option, 3 no such stack, worker, queue or file, 4 not confirmed, 5 some of it failed.`;

/** Runs one command line and tells how it ended. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const program = new Command('fileworks')
    .description('Operations on a file pipeline that was deployed with cdk-fileworks, found by its stack.')
    .addHelpText('after', FOOTER)
    .option('-s, --stack <name>', 'the stack of the pipeline (default: FILEWORKS_STACK)')
    .option('--region <name>', 'region of the stack (default: that of the AWS configuration)')
    .option('--profile <name>', 'profile of the AWS configuration')
    .option('--endpoint-url <url>', 'endpoint of a local cloud (default: AWS_ENDPOINT_URL, else AWS)')
    .option('--json', 'answer with JSON on one line')
    .option('--dry-run', 'say what would be done and do nothing')
    .option('-y, --yes', 'do what destroys without asking');
  addStatusCommands(program, io);
  addScalingCommands(program, io);
  addFileCommands(program, io);
  addDeadLetterCommands(program, io);
  addSequenceCommands(program, io);
  // Every command throws in place of ending the process, and writes where the test can read
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
  // The parser has said what is wrong; help that was asked for is no error
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
  const { exitCode, message } = describeError(error);
  io.err(json ? toJson({ error: message, exitCode }) : `fileworks: ${printable(message)}`);
  return exitCode;
}
