import { OptionChecks } from '../support/option-checks.js';
import { ExportApiError } from './export-api-error.js';

/**
 * Origins to which a client may send requests.
 *
 * Addresses of files come from the API and are not trusted: a request to the metadata endpoint of the task would expose
 * the task's credentials.
 */
export class Origins {
  readonly #base: URL;
  readonly #allowed: ReadonlySet<string>;

  /** @throws ConfigurationError naming each invalid origin */
  constructor(baseUrl: string | URL, others: readonly string[], hasCredentials: boolean) {
    const checks = new OptionChecks();
    checks.that(
      URL.canParse(String(baseUrl)),
      `expected \`baseUrl\` to be an address like https://api.example.com/v1/, got: ${String(baseUrl)}`,
    );
    checks.that(
      !hasCredentials || !URL.canParse(String(baseUrl)) || isSafe(new URL(baseUrl)),
      `expected \`baseUrl\` to start with https: because credentials are sent there, got: ${String(baseUrl)}`,
    );
    for (const origin of others) {
      checks.that(
        URL.canParse(origin) && new URL(origin).origin === origin,
        `expected each of \`downloadOrigins\` to be an origin like https://files.example.com, got: ${origin}`,
      );
    }
    checks.done();
    this.#base = new URL(baseUrl);
    this.#allowed = new Set([this.#base.origin, ...others]);
  }

  /** @throws ExportApiError if the origin of the address is not allowed */
  resolve(address: string | URL): URL {
    if (!URL.canParse(String(address), this.#base.href)) {
      throw new ExportApiError('ERR_EXPORT_URL', 'an address that cannot be parsed, resolved', { url: this.#base });
    }
    const url = new URL(address, this.#base);
    if (!this.#allowed.has(url.origin)) {
      throw new ExportApiError('ERR_EXPORT_URL', 'the origin is neither that of the API nor one of `downloadOrigins`', {
        url,
      });
    }
    // Fetch refuses credentials in URLs, with an error message that contains them.
    if (url.username !== '' || url.password !== '') {
      throw new ExportApiError('ERR_EXPORT_URL', 'an address with user and password', { url });
    }
    return url;
  }

  isOwn(url: URL): boolean {
    return url.origin === this.#base.origin;
  }
}

/** Encrypted, or on this machine. */
function isSafe({ protocol, hostname }: URL): boolean {
  return protocol !== 'http:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
