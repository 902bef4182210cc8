import type { Command } from 'commander';
import { changeScaling, type Limits } from '../scaling';
import { CliError, ExitCode } from '../support/errors';
import { emit, type Io } from '../support/io';
import { wholeNumber } from '../support/options';
import { safe } from '../support/printable';
import { inPipeline } from './context';

const MAX_TASKS = 5_000;

export function addScalingCommands(program: Command, io: Io): void {
  program
    .command('scale')
    .argument('[worker]', 'which, if the stack has several')
    .description('change the fewest and the most tasks of a worker')
    .option('--min <tasks>', 'fewest tasks; more than that run at once if there are fewer', wholeNumber(0, MAX_TASKS))
    .option('--max <tasks>', 'most tasks', wholeNumber(0, MAX_TASKS))
    .action((worker: string | undefined, { min, max }: { min?: number; max?: number }, command: Command) => {
      if (min === undefined && max === undefined) {
        throw new CliError(
          ExitCode.usage,
          'scale needs --min or --max, got neither; fileworks status shows both as they are',
        );
      }
      return change(command, io, worker, { ...(min !== undefined && { min }), ...(max !== undefined && { max }) });
    });
  program
    .command('suspend')
    .argument('[worker]', 'which, if the stack has several')
    .description('keep scaling from starting or stopping tasks; those that run work on')
    .action((worker: string | undefined, _, command: Command) => change(command, io, worker, { suspended: true }));
  program
    .command('resume')
    .argument('[worker]', 'which, if the stack has several')
    .description('let scaling act again')
    .action((worker: string | undefined, _, command: Command) => change(command, io, worker, { suspended: false }));
}

const change = (command: Command, io: Io, worker: string | undefined, wanted: Partial<Limits>) =>
  inPipeline(command, async (context) => {
    const { clients, pipeline, settings } = context;
    const done = await changeScaling(clients, pipeline, worker, wanted, settings.dryRun);
    const text = ({ min, max, suspended }: Limits) =>
      `${min} to ${max} tasks, scaling ${suspended ? 'suspended' : 'active'}`;
    emit(
      io,
      settings,
      { ...done, dryRun: settings.dryRun },
      () =>
        safe`${done.worker}: ${text(done.before)} → ${text(done.after)}${settings.dryRun ? ' (dry run: nothing was changed)' : done.unchanged ? ' (as it was)' : ''}`,
    );
  });
