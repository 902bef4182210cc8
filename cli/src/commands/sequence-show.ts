import { Option, type Command } from 'commander';
import {
  operate,
  type SequenceFile,
  type SequencePage,
  type SequenceSummary,
  type ShownSequence,
} from '../dispatchers';
import { chooseDispatcher } from '../files';
import { emit, type Io } from '../support/io';
import { wholeNumber } from '../support/options';
import { printable, safe } from '../support/printable';
import { age, table } from '../support/table';
import { inPipeline } from './context';

interface ListOptions {
  readonly type?: string;
  readonly status: 'blocked' | 'queued';
  readonly limit: number;
  readonly dispatcher?: string;
}

/** The most of one call of the operator function. */
const MAX_PAGE = 100;

export function addSequenceShowCommands(sequence: Command, io: Io): void {
  sequence
    .command('list')
    .description('list sequences with a blocked file, or those with queued files')
    .option('--type <name>', 'only sequences of this type (default: all)')
    .addOption(
      new Option('--status <name>', 'blocked: with a blocked file; queued: with queued files')
        .choices(['blocked', 'queued'])
        .default('blocked'),
    )
    .option('--limit <sequences>', 'maximum sequences', wholeNumber(1, 100_000), MAX_PAGE)
    .option('--dispatcher <name>', 'name of the dispatcher, if the stack has several')
    .action(({ dispatcher: name, type, status, limit }: ListOptions, command: Command) =>
      inPipeline(command, async ({ clients, pipeline, settings }) => {
        const dispatcher = await chooseDispatcher(clients, pipeline, name);
        const sequences = new Map<string, SequenceSummary>();
        let after: object | undefined;
        do {
          const page: SequencePage = await operate(clients, dispatcher, {
            action: 'sequences',
            status,
            limit: Math.min(MAX_PAGE, limit - sequences.size),
            ...(type !== undefined && { type }),
            ...(after && { after }),
          });
          page.sequences.forEach((one) => sequences.set(one.sequence, one));
          after = page.next;
        } while (after !== undefined && sequences.size < limit && !io.signal.aborted);
        const found = [...sequences.values()];
        const more = after !== undefined;
        emit(io, settings, { sequences: found, more }, () => renderSequences(found, status, more));
      }),
    );
  sequence
    .command('show')
    .argument('<sequence>', 'a sequence such as A/customer-1')
    .description('show which files hold the sequence, and which files wait for their turn')
    .option('--limit <files>', 'maximum queued files', wholeNumber(1, MAX_PAGE), 20)
    .option('--dispatcher <name>', 'name of the dispatcher, if the stack has several')
    .action((given: string, { dispatcher: name, limit }: Omit<ListOptions, 'type' | 'status'>, command: Command) =>
      inPipeline(command, async ({ clients, pipeline, settings }) => {
        const dispatcher = await chooseDispatcher(clients, pipeline, name);
        const shown: ShownSequence = await operate(clients, dispatcher, { action: 'sequence', sequence: given, limit });
        emit(io, settings, shown, () => renderSequence(shown));
      }),
    );
}

const since = (time: number | undefined) => (time === undefined ? undefined : age((Date.now() - time) / 1_000));
const depth = ({ queued, more }: SequenceSummary) => `${queued}${more ? '+' : ''}`;

function renderSequences(found: readonly SequenceSummary[], status: ListOptions['status'], more: boolean): string {
  if (found.length === 0) {
    return status === 'blocked' ? 'No sequence is blocked.' : 'No sequence has queued files.';
  }
  const rows = found.map((one) => {
    const head = headOf(one);
    return [
      one.sequence,
      one.paused ? 'paused' : undefined,
      head?.status,
      head?.key,
      since(head?.updatedAt),
      head?.attempts,
      depth(one),
      since(one.first?.registeredAt),
      head?.reason?.slice(0, 120),
    ];
  });
  return (
    table(['SEQUENCE', 'PAUSED', 'HEAD', 'KEY', 'SINCE', 'ATTEMPTS', 'QUEUED', 'FIRST', 'REASON'], rows) +
    (more ? '\nMore sequences exist: raise --limit, or set --type.' : '')
  );
}

/** What an operator has to act on first. */
const headOf = ({ heads }: SequenceSummary): SequenceFile | undefined =>
  heads.find(({ status }) => status === 'blocked') ?? heads.at(0);

function renderSequence(shown: ShownSequence): string {
  const row = ({ status, key, updatedAt, registeredAt, attempts, reason, id }: SequenceFile) => [
    status,
    key,
    since(status === 'queued' ? registeredAt : updatedAt),
    attempts,
    reason?.slice(0, 120),
    id,
  ];
  const files = [...shown.heads, ...shown.files];
  return [
    safe`${shown.sequence}: ${shown.heads.length} files hold it, ${depth(shown)} are queued${shown.paused ? '; paused' : ''}`,
    ...(files.length === 0 ? [] : [table(['STATUS', 'KEY', 'SINCE', 'ATTEMPTS', 'REASON', 'ID'], files.map(row))]),
    ...(shown.queued > shown.files.length || shown.more ? [printable('More files are queued: raise --limit.')] : []),
  ].join('\n');
}
