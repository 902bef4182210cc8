import type { LaunchResult } from '../../runtime/dispatch/task-host';

/**
 * What an error of a launch means.
 *
 * @param isRefusal whether what is said of it is that there is no room at the moment
 */
export function resultOfError(error: unknown, isRefusal: RegExp): LaunchResult {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  const reason = `${name}: ${message}`;
  // Also where a service reports throttling of another one behind it as an invalid parameter
  if (/thrott|rate exceeded|too many requests/i.test(reason)) {
    return { kind: 'throttled', reason };
  }
  if (isRefusal.test(reason)) {
    return { kind: 'refused', reason };
  }
  const { $fault: fault, $metadata: { httpStatusCode: status = 0 } = {} } = error as {
    $fault?: string;
    $metadata?: { httpStatusCode?: number };
  };
  return { kind: fault === 'client' || (status >= 400 && status < 500) ? 'misconfigured' : 'unknown', reason };
}
