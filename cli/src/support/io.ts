import { CliError, ExitCode } from './errors';
import { toJson } from './printable';

/** Input and output of a command; tests replace it. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Standard input and output are a terminal. */
  readonly interactive: boolean;
  ask(question: string): Promise<string>;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Aborts when the reader of the output is gone: a command without an end can stop. @default - never */
  readonly unread?: AbortSignal;
}

/** Global options of a command. */
export interface Settings {
  readonly json: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/** Prints the result of a command, as JSON or as text. */
export function emit(io: Io, { json }: Pick<Settings, 'json'>, result: unknown, text: () => string): void {
  io.out(json ? toJson(result) : text());
}

/** Asks for confirmation of a destructive command. @throws CliError if it is not confirmed */
export async function confirm(io: Io, settings: Settings, what: string): Promise<void> {
  if (settings.yes || settings.dryRun) {
    return;
  }
  if (settings.json || !io.interactive) {
    throw new CliError(
      ExitCode.notConfirmed,
      `${what}: this cannot be undone; add --yes to skip confirmation, or --dry-run for a preview`,
    );
  }
  if ((await io.ask(`${what}. This cannot be undone. Type yes to continue: `)).trim() !== 'yes') {
    throw new CliError(ExitCode.notConfirmed, 'not confirmed, nothing changed');
  }
}

const PROGRESS_EVERY = 500;

/** Reports progress on a terminal. */
export const progressOf =
  (io: Io, { json }: Pick<Settings, 'json'>, past: string) =>
  (count: number): void => {
    if (io.interactive && !json && count % PROGRESS_EVERY < 10) {
      io.err(`${past} ${count}`);
    }
  };
