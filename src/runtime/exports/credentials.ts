import type { SdkClient } from '../support/sdk-client.js';
import { missingPeer } from '../support/missing-peer.js';

/** Headers by name. */
export type RequestHeaders = Readonly<Record<string, string>>;

/** What a client proves itself with. To bring your own: both methods MAY be called by many requests at once. */
export interface ExportCredentials {
  /** The headers to send. */
  headers(): Promise<RequestHeaders>;
  /**
   * The API answered 401 to `refused`, which `headers()` returned. MUST resolve to whether `headers()` now returns
   * others.
   */
  renew(refused: RequestHeaders): Promise<boolean>;
}

export interface SecretCredentialsOptions {
  /** A `SecretsManagerClient`. */
  readonly client: SdkClient;
  /** Name or ARN of the secret. */
  readonly secretId: string;
  /** Makes headers of the text of the secret. @default - `authorization: Bearer <the text>` */
  readonly toHeaders?: (secret: string) => RequestHeaders;
}

/**
 * Credentials in Secrets Manager. The secret is read once, and again when the API refuses it, so that a rotation needs
 * no restart.
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
    // Of many requests that are refused at once, the first reads the secret again and the others get what it read.
    if ((await this.headers()) === refused) {
      this.#current = this.#read();
    }
    return JSON.stringify(await this.headers()) !== JSON.stringify(refused);
  }

  /** A failure is not remembered. */
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
