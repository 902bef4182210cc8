import type { LaunchResult } from '../../runtime/dispatch/task-host';

/**
 * A denial, or a revision that is gone: policies take effect some time after a deployment changed them, and an instance
 * of the function from before it may be running. `refusedAlarm` reports one that lasts.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 */
const DURING_DEPLOYMENT = /AccessDenied|not authorized to perform|TaskDefinition is inactive/i;

/**
 * The launch result for an error.
 *
 * @param isRefusal matches messages about missing capacity
 */
export function resultOfError(error: unknown, isRefusal: RegExp): LaunchResult {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  const reason = `${name}: ${message}`;
  // Some services report throttling of a downstream service as an invalid parameter
  if (/thrott|rate exceeded|too many requests/i.test(reason)) {
    return { kind: 'throttled', reason };
  }
  if (isRefusal.test(reason) || DURING_DEPLOYMENT.test(reason)) {
    return { kind: 'refused', reason };
  }
  const { $fault: fault, $metadata: { httpStatusCode: status = 0 } = {} } = error as {
    $fault?: string;
    $metadata?: { httpStatusCode?: number };
  };
  return { kind: fault === 'client' || (status >= 400 && status < 500) ? 'misconfigured' : 'unknown', reason };
}
