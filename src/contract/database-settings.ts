/**
 * Connection settings of a PostgreSQL database. Login uses the secret if given, otherwise IAM authentication as `user`.
 */
export interface DatabaseSettings {
  /**
   * ARN of a secret with `username` and `password`, and with `host`, `port` and `dbname` if they are not given here.
   */
  readonly secretArn?: string;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  /** PEM of the certificate authority of the server certificate; absent: the authorities that Node.js trusts. */
  readonly ca?: string;
}
