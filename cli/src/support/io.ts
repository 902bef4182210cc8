import { CliError, ExitCode } from './errors';
import { toJson } from './printable';

/** Where a command reads and writes, so that a test can stand there. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** A person can be asked. */
  readonly interactive: boolean;
  ask(question: string): Promise<string>;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** What every command was told beside its own options. */
export interface Settings {
  readonly json: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/** The answer of a command: as JSON, or as text for people. */
export function emit(io: Io, { json }: Pick<Settings, 'json'>, answer: unknown, text: () => string): void {
  io.out(json ? toJson(answer) : text());
}

/** Asks before something is destroyed. @throws CliError when nobody says yes */
export async function confirm(io: Io, settings: Settings, what: string): Promise<void> {
  if (settings.yes || settings.dryRun) {
    return;
  }
  if (settings.json || !io.interactive) {
    throw new CliError(
      ExitCode.notConfirmed,
      `${what}: this cannot be undone; add --yes to do it, or --dry-run to see it`,
    );
  }
  if ((await io.ask(`${what}. This cannot be undone. Type yes to do it: `)).trim() !== 'yes') {
    throw new CliError(ExitCode.notConfirmed, 'not confirmed, nothing was done');
  }
}
