/** What the process ends with; documented in docs/operations/cli.md, so scripts may rely on it. */
export const ExitCode = {
  ok: 0,
  /** AWS refused a call, or something failed that nobody foresaw. */
  failed: 1,
  /** An option or an argument is wrong. */
  usage: 2,
  /** There is no such stack, worker, queue, dispatcher or file. */
  notFound: 3,
  /** What destroys was not confirmed; nothing was done. */
  notConfirmed: 4,
  /** Some of it was done and some failed. */
  incomplete: 5,
} as const;

export type ExitCodeValue = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * Something that the one who typed the command can mend. Its message names what, the rule, the value and the remedy.
 */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    readonly exitCode: ExitCodeValue,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** One sentence for an error of any kind; errors of AWS get the remedy that they lack. */
export function describeError(error: unknown): { readonly exitCode: ExitCodeValue; readonly message: string } {
  if (error instanceof CliError) {
    return { exitCode: error.exitCode, message: error.message };
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const remedy = REMEDIES.find(([pattern]) => pattern.test(`${name}: ${message}`))?.[1];
  return { exitCode: ExitCode.failed, message: [`${name}: ${message}`, remedy].filter(Boolean).join('; ') };
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/CredentialsProviderError|Could not load credentials/, 'log in, or name a profile with --profile'],
  [/Region is missing/, 'name the region with --region or AWS_REGION'],
  [/ExpiredToken|InvalidClientTokenId|UnrecognizedClient/, 'the login is over or of another account: log in again'],
  [/AccessDenied|not authorized/, 'docs/operations/cli.md lists the permissions that each command needs'],
  [/ECONNREFUSED|ENOTFOUND|EAI_AGAIN/, 'nothing answers there: look at --region, --endpoint-url and AWS_ENDPOINT_URL'],
];
