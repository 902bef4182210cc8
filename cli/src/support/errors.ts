/** Exit codes of the process; documented in docs/operations/cli.md, so scripts may rely on them. */
export const ExitCode = {
  ok: 0,
  /** AWS refused a call, or an unexpected error occurred. */
  failed: 1,
  /** An option or an argument is invalid. */
  usage: 2,
  /** The stack, construct or file does not exist. */
  notFound: 3,
  /** A destructive command was not confirmed; nothing changed. */
  notConfirmed: 4,
  /** Part of the work failed. */
  incomplete: 5,
} as const;

export type ExitCodeValue = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * An error that the operator can correct. Its message contains the option, the rule, the value and the remedy.
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

/** Describes any error in one sentence; known AWS errors get a remedy. */
export function describeError(error: unknown): { readonly exitCode: ExitCodeValue; readonly message: string } {
  if (error instanceof CliError) {
    return { exitCode: error.exitCode, message: error.message };
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const remedy = REMEDIES.find(([pattern]) => pattern.test(`${name}: ${message}`))?.[1];
  return { exitCode: ExitCode.failed, message: [`${name}: ${message}`, remedy].filter(Boolean).join('; ') };
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/CredentialsProviderError|Could not load credentials/, 'log in, or select a profile with --profile'],
  [/Region is missing/, 'set the region with --region or AWS_REGION'],
  [
    /ExpiredToken|InvalidClientTokenId|UnrecognizedClient/,
    'the session has expired or belongs to another account: log in again',
  ],
  [/AccessDenied|not authorized/, 'docs/operations/cli.md lists the permissions of each command'],
  [
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/,
    'the endpoint does not respond: check --region, --endpoint-url and AWS_ENDPOINT_URL',
  ],
];
