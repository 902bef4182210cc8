import type { ClientConfig } from 'pg';
import type { DatabaseSettings } from '../../contract/database-settings.js';
import { ConfigurationError } from '../errors.js';
import { missingPeer } from '../support/missing-peer.js';
import type { SdkClient } from '../support/sdk-client.js';

/** Says how to connect. `fresh`: what was said before was refused. */
export type ConnectAs = (fresh: boolean) => Promise<ClientConfig>;

/**
 * Logs in with a secret of Secrets Manager, in the form that RDS keeps: `username`, `password`, and `host`, `port`,
 * `dbname` unless given. It is read once,
 * and again when the database refuses it, because rotation has changed it.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
 */
export function secretCredentials(options: {
  /** A `SecretsManagerClient`; needs the optional peer `@aws-sdk/client-secrets-manager`. */
  readonly client: SdkClient;
  readonly database: DatabaseSettings;
}): ConnectAs {
  const { client, database } = options;
  let known: Record<string, unknown> | undefined;
  return async (fresh) => {
    if (fresh) {
      known = undefined;
    }
    const secret = (known ??= parse(await read(client, database.secretArn)));
    const text = (name: string, given?: string | number) => {
      const value = given ?? secret[name];
      if (typeof value === 'string' || typeof value === 'number') {
        return String(value);
      }
      throw new ConfigurationError([
        `expected the secret of the database to hold \`${name}\`; add it, or give it to the construct`,
      ]);
    };
    return {
      ...settingsOf(database, text('host', database.host)),
      port: Number(database.port ?? secret.port ?? DEFAULT_PORT),
      database: text('dbname', database.database),
      user: text('username'),
      password: text('password'),
    };
  };
}

/** Makes a token that is valid for a quarter of an hour: the `getAuthToken` of `Signer` in `@aws-sdk/rds-signer`. */
export type SignToken = (as: {
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
}) => Promise<string>;

/**
 * Logs in by IAM, with a new token for each connection.
 *
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
export function iamCredentials(options: { readonly sign: SignToken; readonly database: DatabaseSettings }): ConnectAs {
  const { host, port = DEFAULT_PORT, database, user } = options.database;
  if (host === undefined || database === undefined || user === undefined) {
    throw new ConfigurationError([
      'expected the database to have `host`, `database` and `user` for a login by IAM; the construct writes them',
    ]);
  }
  return async () => ({
    ...settingsOf(options.database, host),
    port,
    database,
    user,
    password: await options.sign({ hostname: host, port, username: user }),
  });
}

const DEFAULT_PORT = 5_432;

function settingsOf({ ca }: DatabaseSettings, host: string): ClientConfig {
  return { host, ssl: { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) } };
}

async function read(client: SdkClient, secretId: string | undefined): Promise<string | undefined> {
  const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager').catch(
    missingPeer('@aws-sdk/client-secrets-manager'),
  );
  const { SecretString: secret } = (await client.send(new GetSecretValueCommand({ SecretId: secretId }) as never)) as {
    readonly SecretString?: string;
  };
  return secret;
}

function parse(secret: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(secret ?? '') as Record<string, unknown>;
  } catch {
    // The cause would quote the secret
    throw new ConfigurationError(['expected the secret of the database to be JSON with `username` and `password`']);
  }
}
