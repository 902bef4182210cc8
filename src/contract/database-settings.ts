/** Where a PostgreSQL database is and how to log in: with the secret, else by IAM as `user`. */
export interface DatabaseSettings {
  /**
   * ARN of a secret with `username` and `password`, and with `host`, `port` and `dbname` where they are not given here.
   */
  readonly secretArn?: string;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  /** PEM of the authority that signed the server's certificate; absent: those that Node.js trusts. */
  readonly ca?: string;
}
