import type { Command } from 'commander';
import { ago, wholeNumber } from './options';

/** Adds the options that select failed items; `noun` names them in the help. */
export const filtered = (command: Command, noun: string): Command =>
  command
    .option('--key <pattern>', `only ${noun} for this object key; * matches any text`)
    .option('--reason <text>', `only ${noun} with this text in their reason`)
    .option('--correlation-id <id>', `only ${noun} with this correlation id`)
    .option('--id <id>', `only ${noun} with this id`)
    .option('--failed-before <time>', `only ${noun} that failed longer ago than this, such as 30m or 7d`, ago)
    .option('--failed-after <time>', `only ${noun} that failed within this time, such as 30m or 7d`, ago)
    .option('--limit <count>', `maximum ${noun}`, wholeNumber(1, 1_000_000));

/** Adds the options that select files of a dispatcher. */
export const filteredFiles = (command: Command): Command =>
  command
    .option('--type <name>', 'only files of this type of a TypedDispatcher')
    .option('--sequence <name>', 'only files of this sequence of a TypedDispatcher, such as A/customer-1');
