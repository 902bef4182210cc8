import type { ClientConfig } from 'pg';
import type { DatabaseSettings } from '../../contract/database-settings.js';
import { ConfigurationError } from '../errors.js';
import { missingPeer } from '../support/missing-peer.js';
import type { SdkClient } from '../support/sdk-client.js';

/** Provides the connection settings. `fresh`: the previous ones were refused. */
export type ConnectAs = (fresh: boolean) => Promise<ClientConfig>;

/**
 * Logs in with a secret from Secrets Manager in the format of RDS: `username`, `password`, and `host`, `port`, `dbname`
 * unless given. It is read once, and again after the database refused it, for example after a rotation.
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
        `expected the secret of the database to contain \`${name}\`; add it, or set it on the construct`,
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

/** Creates a token that is valid for 15 minutes: `getAuthToken` of `Signer` in `@aws-sdk/rds-signer`. */
export type SignToken = (as: {
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
}) => Promise<string>;

/**
 * Logs in with IAM authentication, with a new token for each connection.
 *
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
export function iamCredentials(options: { readonly sign: SignToken; readonly database: DatabaseSettings }): ConnectAs {
  const { host, port = DEFAULT_PORT, database, user } = options.database;
  if (host === undefined || database === undefined || user === undefined) {
    throw new ConfigurationError([
      'expected the database to have `host`, `database` and `user` for IAM authentication; the construct sets them',
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
    // The cause would contain the secret
    throw new ConfigurationError(['expected the secret of the database to be JSON with `username` and `password`']);
  }
}
