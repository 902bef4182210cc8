import { ConfigurationError } from '../errors.js';
import { ExportApiError } from './export-api-error.js';

/**
 * Which addresses a client may ask.
 *
 * Addresses of files come from the API, and so do its mistakes: one that leads to the metadata endpoint of the task
 * would hand out the task's credentials.
 */
export class Origins {
  readonly #base: URL;
  readonly #allowed: ReadonlySet<string>;

  /** @throws ConfigurationError naming what is no origin */
  constructor(baseUrl: string | URL, others: readonly string[]) {
    const problems = [
      ...(URL.canParse(String(baseUrl))
        ? []
        : [`expected \`baseUrl\` to be an address like https://api.example.com/v1/, got: ${String(baseUrl)}`]),
      ...others
        .filter((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)
        .map(
          (origin) =>
            `expected each of \`downloadOrigins\` to be an origin like https://files.example.com, got: ${origin}`,
        ),
    ];
    if (problems.length > 0) {
      throw new ConfigurationError(problems);
    }
    this.#base = new URL(baseUrl);
    this.#allowed = new Set([this.#base.origin, ...others]);
  }

  /** @throws ExportApiError for an address in an origin that is not allowed */
  resolve(address: string | URL): URL {
    if (!URL.canParse(String(address), this.#base.href)) {
      throw new ExportApiError('ERR_EXPORT_URL', 'an address that cannot be read, resolved', { url: this.#base });
    }
    const url = new URL(address, this.#base);
    if (!this.#allowed.has(url.origin)) {
      throw new ExportApiError(
        'ERR_EXPORT_URL',
        'this origin is neither that of the API nor one of `downloadOrigins`',
        { url },
      );
    }
    // Fetch refuses them with a message that holds them.
    if (url.username !== '' || url.password !== '') {
      throw new ExportApiError('ERR_EXPORT_URL', 'an address with user and password', { url });
    }
    return url;
  }

  isOwn(url: URL): boolean {
    return url.origin === this.#base.origin;
  }
}
