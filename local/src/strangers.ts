import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from './tasks/http';

/**
 * The loopback names, and names below them: S3 has the bucket as the first label of the host. None of them can belong
 * to a web site: `localhost` and what is below is reserved, and no name ends with a number.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6761#section-6.3
 * @see https://url.spec.whatwg.org/#ends-in-a-number-checker
 */
const LOOPBACK = /^(?:(?:[\w-]+\.)*(?:localhost|127\.0\.0\.1)|\[::1\])(?::\d+)?$/i;

/**
 * Refuses what a web page could send here; false when it did not.
 *
 * A page reaches this machine from its own origin, which browsers name in `Origin` or `Sec-Fetch-Site`, or by a name of
 * its own that it resolves to 127.0.0.1 (DNS rebinding), which is in `Host`. Programs send neither header. The emulator
 * has the same rules in `admission.py`.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function refuseStranger({ headers }: IncomingMessage, response: ServerResponse): boolean {
  const reason = strangeness(headers);
  if (reason === undefined) {
    return false;
  }
  sendJson(response, 403, { message: `${reason}: the local cloud answers programs of this machine only` });
  return true;
}

function strangeness({
  host = '',
  origin,
  'sec-fetch-site': site = 'none',
}: IncomingMessage['headers']): string | undefined {
  if (!LOOPBACK.test(host)) {
    return `the host must be 127.0.0.1 or localhost, got: ${host || 'none'}`;
  }
  if (origin !== undefined) {
    return `a request of a web page, got the origin: ${origin}`;
  }
  // `none` is an address that a person entered, such as a presigned URL
  return site === 'none' ? undefined : `a request of a web page, got Sec-Fetch-Site: ${site}`;
}
