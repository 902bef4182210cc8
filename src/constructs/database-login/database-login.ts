import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import type { DatabaseSettings } from '../../contract/database-settings';

/** Where the database of a secret is, as far as the secret does not say it. */
export interface SecretLoginOptions {
  /**
   * Name of the server, of an RDS Proxy for example.
   *
   * @default - `host` of the secret
   */
  readonly host?: string;

  /**
   * Port of the server, from 1 to 65535.
   *
   * @default - `port` of the secret, else 5432
   */
  readonly port?: number;

  /**
   * Name of the database.
   *
   * @default - `dbname` of the secret
   */
  readonly databaseName?: string;

  /**
   * PEM of the authority that signed the server's certificate. TLS is always verified.
   *
   * @default - the public authorities and those of RDS
   */
  readonly caCertificate?: string;
}

/** Where the database is, and who may log in by IAM. */
export interface IamLoginOptions {
  /** Name of the server: the endpoint of an instance, a cluster or an RDS Proxy. */
  readonly host: string;

  /**
   * Port of the server, from 1 to 65535.
   *
   * @default 5432
   */
  readonly port?: number;

  /** Name of the database. */
  readonly databaseName: string;

  /** The database user, with the role `rds_iam`. */
  readonly user: string;

  /** Resource id of the instance (`db-…`), the cluster (`cluster-…`) or the proxy (`prx-…`), which IAM knows it by. */
  readonly resourceId: string;

  /**
   * PEM of the authority that signed the server's certificate. TLS is always verified.
   *
   * @default - the public authorities and those of RDS
   */
  readonly caCertificate?: string;
}

/** How functions and workers log in to a PostgreSQL database. */
export class DatabaseLogin {
  /**
   * With a secret in the form that RDS keeps: `username`, `password`, `host`, `port`, `dbname`. It may be rotated at
   * any time.
   *
   * @param secret the secret
   * @param options where the database is, as far as the secret does not say it
   */
  static secret(secret: ISecret, options: SecretLoginOptions = {}): DatabaseLogin {
    const { host, port, databaseName, caCertificate } = options;
    return new DatabaseLogin(
      { secretArn: secret.secretArn, host, port, database: databaseName, ca: caCertificate },
      // grantRead() of the CDK lets one describe it too
      (grantee) => {
        secret.encryptionKey?.grant(grantee, 'kms:Decrypt');
        return Grant.addToPrincipal({
          grantee,
          actions: ['secretsmanager:GetSecretValue'],
          resourceArns: [secret.secretArn],
        });
      },
    );
  }

  /**
   * By IAM, without a password. The database must have IAM authentication on.
   *
   * @param options where the database is, and who logs in
   */
  static iam(options: IamLoginOptions): DatabaseLogin {
    const { host, port, databaseName, user, resourceId, caCertificate } = options;
    return new DatabaseLogin({ host, port, database: databaseName, user, ca: caCertificate }, (grantee, scope) => {
      const dbUser = Stack.of(scope).formatArn({
        service: 'rds-db',
        resource: 'dbuser',
        resourceName: `${resourceId}/${user}`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
      return Grant.addToPrincipal({ grantee, actions: ['rds-db:connect'], resourceArns: [dbUser] });
    });
  }

  /**
   * What the function is told.
   *
   * @internal
   */
  readonly _database: DatabaseSettings;

  readonly #grant: (grantee: IGrantable, scope: IConstruct) => Grant;

  private constructor(database: DatabaseSettings, grant: (grantee: IGrantable, scope: IConstruct) => Grant) {
    this._database = database;
    this.#grant = grant;
  }

  /**
   * Lets `grantee` log in, for example a worker that loads large files.
   *
   * @param grantee who logs in
   * @param scope names the account and the region
   */
  grantLogin(grantee: IGrantable, scope: IConstruct): Grant {
    return this.#grant(grantee, scope);
  }
}
