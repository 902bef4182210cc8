import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import type { DatabaseSettings } from '../../contract/database-settings';
import { checkWholeNumber } from '../private/checks';
import { grantGetSecretValue } from '../private/grants';

/** Options of `DatabaseLogin.secret()`, which override the values of the secret. */
export interface SecretLoginOptions {
  /**
   * Host name of the server, for example of an RDS Proxy.
   *
   * @default - `host` of the secret
   */
  readonly host?: string;

  /**
   * Port of the server, from 1 to 65535.
   *
   * @default - `port` of the secret, otherwise 5432
   */
  readonly port?: number;

  /**
   * Name of the database.
   *
   * @default - `dbname` of the secret
   */
  readonly databaseName?: string;

  /**
   * The certificate authority of the server's certificate, as PEM. TLS certificates are always verified.
   *
   * @default - the public certificate authorities and those of RDS
   */
  readonly caCertificate?: string;
}

/** Options of `DatabaseLogin.iam()`. */
export interface IamLoginOptions {
  /** Host name of the server: the endpoint of an instance, a cluster or an RDS Proxy. */
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

  /** Resource id of the instance (`db-…`), the cluster (`cluster-…`) or the proxy (`prx-…`), for IAM. */
  readonly resourceId: string;

  /**
   * The certificate authority of the server's certificate, as PEM. TLS certificates are always verified.
   *
   * @default - the public certificate authorities and those of RDS
   */
  readonly caCertificate?: string;
}

/** How functions and workers log in to a PostgreSQL database. */
export class DatabaseLogin {
  /**
   * With a secret in the format of RDS: `username`, `password`, `host`, `port`, `dbname`. It may be rotated at any
   * time.
   *
   * @param secret the secret
   * @param options the database, to override values of the secret
   */
  static secret(secret: ISecret, options: SecretLoginOptions = {}): DatabaseLogin {
    const { host, port, databaseName, caCertificate } = options;
    checkPort(port);
    return new DatabaseLogin(
      { secretArn: secret.secretArn, host, port, database: databaseName, ca: caCertificate },
      (grantee) => grantGetSecretValue(secret, grantee),
    );
  }

  /**
   * With IAM, without a password. IAM authentication must be enabled on the database.
   *
   * @param options the database and its user
   */
  static iam(options: IamLoginOptions): DatabaseLogin {
    const { host, port, databaseName, user, resourceId, caCertificate } = options;
    checkPort(port);
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
   * The configuration for the function.
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
   * Allows `grantee` to log in, for example a worker that loads large files.
   *
   * @param grantee the client
   * @param scope a construct in the account and region of the database
   */
  grantLogin(grantee: IGrantable, scope: IConstruct): Grant {
    return this.#grant(grantee, scope);
  }
}

/** The port of a database that the app creates is a token, which the settings hold unchanged. */
function checkPort(port: number | undefined): void {
  checkWholeNumber('port', port, { min: 1, max: 65_535, tokens: true });
}
