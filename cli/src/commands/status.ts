import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { findingsOf } from '../status/findings';
import { renderStatus } from '../status/render';
import { readStatus } from '../status/status';
import { emit, type Io } from '../support/io';
import { wholeNumber } from '../support/options';
import { inPipeline, type Context } from './context';

const CLEAR_SCREEN = '\u001b[H\u001b[2J\u001b[3J';

export function addStatusCommands(program: Command, io: Io): void {
  program
    .command('status')
    .description('show events, files, queues, services and problems, hop by hop')
    .action((_, command: Command) => inPipeline(command, (context) => show(context, io)));
  program
    .command('watch')
    .description('repeat status, until Ctrl-C')
    .option('--interval <seconds>', 'seconds between updates', wholeNumber(1, 3_600), 5)
    .option('--count <updates>', 'stop after this many updates', wholeNumber(1, 1_000_000))
    .action(({ interval, count = Infinity }: { interval: number; count?: number }, command: Command) =>
      inPipeline(command, async (context) => {
        const before = io.interactive && !context.settings.json ? CLEAR_SCREEN : '';
        const signal = AbortSignal.any([io.signal, ...(io.unread === undefined ? [] : [io.unread])]);
        await show(context, io, before);
        for (let updates = 1; updates < count; updates++) {
          if (!(await sleep(interval * 1_000, true, { signal }).catch(() => false))) {
            return;
          }
          await show(context, io, before);
        }
      }),
    );
}

async function show({ clients, pipeline, settings }: Context, io: Io, before = ''): Promise<void> {
  const status = await readStatus(clients, pipeline);
  const findings = findingsOf(status);
  emit(io, settings, { ...status, findings }, () => before + renderStatus(status, findings));
}
