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
    .argument('[service]', 'name of the service, if the stack has several')
    .description('change the minimum and maximum task count of a service')
    .option('--min <tasks>', 'minimum task count; missing tasks are started immediately', wholeNumber(0, MAX_TASKS))
    .option('--max <tasks>', 'maximum task count', wholeNumber(0, MAX_TASKS))
    .action((service: string | undefined, { min, max }: { min?: number; max?: number }, command: Command) => {
      if (min === undefined && max === undefined) {
        throw new CliError(
          ExitCode.usage,
          'scale requires --min or --max, got neither; fileworks status shows the current values',
        );
      }
      return change(command, io, service, { ...(min !== undefined && { min }), ...(max !== undefined && { max }) });
    });
  program
    .command('suspend')
    .argument('[service]', 'name of the service, if the stack has several')
    .description('suspend scaling of a service; running tasks continue')
    .action((service: string | undefined, _, command: Command) => change(command, io, service, { suspended: true }));
  program
    .command('resume')
    .argument('[service]', 'name of the service, if the stack has several')
    .description('resume scaling of a service')
    .action((service: string | undefined, _, command: Command) => change(command, io, service, { suspended: false }));
}

const change = (command: Command, io: Io, service: string | undefined, wanted: Partial<Limits>) =>
  inPipeline(command, async (context) => {
    const { clients, pipeline, settings } = context;
    const done = await changeScaling(clients, pipeline, service, wanted, settings.dryRun);
    const text = ({ min, max, suspended }: Limits) =>
      `${min} to ${max} tasks, scaling ${suspended ? 'suspended' : 'active'}`;
    emit(
      io,
      settings,
      { ...done, dryRun: settings.dryRun },
      () =>
        safe`${done.service}: ${text(done.before)} → ${text(done.after)}${settings.dryRun ? ' (dry run: nothing changed)' : done.unchanged ? ' (unchanged)' : ''}`,
    );
  });
