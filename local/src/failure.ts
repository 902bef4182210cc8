import type { PlayedFailure } from './emulator/emulator';
import { LocalCloudError } from './errors';

/** A failure that lasts. */
export type Outage = Omit<Failure, 'count'>;

export interface Failure {
  /**
   * As in IAM policies, for example `s3:PutObject` or `s3:*`; `dynamodb:TransactWriteItems` for a whole transaction.
   */
  readonly action: string;
  /** ARN of the resource; `*` and `?` are wildcards. Default: every resource. */
  readonly resource?: string;
  /**
   * The error code, for example `SlowDown`. `ConnectionClosed` ends the connection without an answer; `NoAnswer` keeps
   * it open, without an answer until the outage ends.
   */
  readonly error: string;
  /** HTTP status. Default: that of AWS for codes that `failNext` knows. */
  readonly status?: number;
  /** Default: that of AWS for codes that `failNext` knows, else the code. */
  readonly message?: string;
  /** How many calls fail. Default: 1. */
  readonly count?: number;
  /** Whether the call takes effect before it fails; calls that services make are not affected. Default: false. */
  readonly afterEffect?: boolean;
}

/**
 * HTTP status and message of errors that clients must expect.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
const ERRORS: Readonly<Partial<Record<string, readonly [status: number, message: string]>>> = {
  AccessDenied: [403, 'Access Denied'],
  AccessDeniedException: [400, 'User is not authorized to perform this action'],
  ConditionalRequestConflict: [
    409,
    'The conditional request cannot succeed due to a conflicting operation against this resource.',
  ],
  ConnectionClosed: [0, 'the connection ends'],
  'KMS.DisabledException': [400, 'The key is disabled'],
  NoAnswer: [0, 'no answer'],
  InternalError: [500, 'We encountered an internal error. Please try again.'],
  InternalServerError: [500, 'The request processing has failed because of an unknown error.'],
  OperationAborted: [
    409,
    'A conflicting conditional operation is currently in progress against this resource. Please try again.',
  ],
  ProvisionedThroughputExceededException: [
    400,
    'The level of configured provisioned throughput for the table was exceeded.',
  ],
  ServiceUnavailable: [503, 'Please reduce your request rate.'],
  SlowDown: [503, 'Please reduce your request rate.'],
  Throttling: [400, 'Rate exceeded'],
  ThrottlingException: [400, 'Rate exceeded'],
  TooManyRequestsException: [429, 'Rate Exceeded.'],
  TransactionCanceledException: [
    400,
    'Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]',
  ],
  TransactionConflictException: [400, 'Transaction is ongoing for the item'],
};

/** Checks a failure, and fills in what it leaves out. */
export function readFailure(failure: Failure): PlayedFailure {
  const { action, resource = '*', error, count = 1, afterEffect = false } = failure;
  const known = ERRORS[error];
  const { status = known?.[0], message = known?.[1] ?? error } = failure;
  if (typeof action !== 'string' || !/^[a-z0-9-]+:[A-Za-z0-9*]+$/.test(action)) {
    throw invalid(`action must be an action of IAM, as s3:PutObject, got: ${action}`);
  }
  if (typeof error !== 'string' || !/^[\w.]+$/.test(error)) {
    throw invalid(`error must be an error code of AWS, as SlowDown, got: ${error}`);
  }
  if (
    status === undefined ||
    !(known?.[0] === status || (Number.isInteger(status) && status >= 400 && status <= 599))
  ) {
    throw invalid(
      `status must be from 400 to 599, and may be absent only for ${Object.keys(ERRORS).join(', ')}, got: ${String(status)} for ${error}`,
    );
  }
  if (!Number.isInteger(count) || count < 1) {
    throw invalid(`count must be a whole number of at least 1, got: ${String(count)}`);
  }
  if (typeof resource !== 'string' || typeof afterEffect !== 'boolean' || typeof message !== 'string') {
    throw invalid('resource and message must be texts, and afterEffect true or false');
  }
  return { action, resource, error, status, message, count, afterEffect };
}

function invalid(message: string): LocalCloudError {
  return new LocalCloudError('OptionInvalid', message);
}
