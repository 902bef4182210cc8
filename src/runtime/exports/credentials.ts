import type { SdkClient } from '../support/sdk-client.js';
import { missingPeer } from '../support/missing-peer.js';

/** Headers by name. */
export type RequestHeaders = Readonly<Record<string, string>>;

/** Credentials of a client. In your own implementation, both methods MAY be called concurrently. */
export interface ExportCredentials {
  /** Authentication headers of a request. */
  headers(): Promise<RequestHeaders>;
  /**
   * Called after the API returned 401 for the headers in `refused`. MUST resolve to whether `headers()` now returns
   * different ones.
   */
  renew(refused: RequestHeaders): Promise<boolean>;
}

export interface SecretCredentialsOptions {
  /** A `SecretsManagerClient`. */
  readonly client: SdkClient;
  /** Name or ARN of the secret. */
  readonly secretId: string;
  /** Converts the text of the secret to headers. @default - `authorization: Bearer <text>` */
  readonly toHeaders?: (secret: string) => RequestHeaders;
}

/**
 * Credentials from Secrets Manager. The secret is read once, and again after the API refused it, so that a rotation
 * needs no restart.
 *
 * Needs `secretsmanager:GetSecretValue` and the optional peer `@aws-sdk/client-secrets-manager`.
 */
export class SecretCredentials implements ExportCredentials {
  readonly #options: SecretCredentialsOptions;
  #current: Promise<RequestHeaders> | undefined;

  constructor(options: SecretCredentialsOptions) {
    this.#options = options;
  }

  headers(): Promise<RequestHeaders> {
    this.#current ??= this.#read();
    return this.#current;
  }

  async renew(refused: RequestHeaders): Promise<boolean> {
    // Of concurrently refused requests, the first reads the secret again and the others use its result.
    if ((await this.headers()) === refused) {
      this.#current = this.#read();
    }
    return JSON.stringify(await this.headers()) !== JSON.stringify(refused);
  }

  /** A failed read is not cached. */
  #read(): Promise<RequestHeaders> {
    const read = this.#get();
    read.catch(() => {
      if (this.#current === read) {
        this.#current = undefined;
      }
    });
    return read;
  }

  async #get(): Promise<RequestHeaders> {
    const { client, secretId, toHeaders = (secret) => ({ authorization: `Bearer ${secret}` }) } = this.#options;
    const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager').catch(
      missingPeer('@aws-sdk/client-secrets-manager'),
    );
    const { SecretString: secret } = (await client.send(
      new GetSecretValueCommand({ SecretId: secretId }) as never,
    )) as { readonly SecretString?: string };
    if (secret === undefined || secret === '') {
      throw new TypeError(`Expected secret \`${secretId}\` to hold text, got none`);
    }
    return { ...toHeaders(secret) };
  }
}
