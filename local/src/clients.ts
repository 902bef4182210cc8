import { randomBytes } from 'node:crypto';
import type { ClientConfig, Environment } from './types';

/** The secrets of one start. They stand for every account: the access key of a call is its account. */
export interface AccessKeys {
  readonly secretAccessKey: string;
  /** Admits to every server of the local cloud. */
  readonly sessionToken: string;
}

export function makeAccessKeys(): AccessKeys {
  return {
    secretAccessKey: randomBytes(30).toString('base64url'),
    sessionToken: randomBytes(32).toString('base64url'),
  };
}

/** The configuration of clients for an account and a region. */
export type ClientConfigOf = (environment: Environment) => ClientConfig;

export function clientConfig(endpoint: string, keys: AccessKeys, { account, region }: Environment): ClientConfig {
  return { endpoint, region, credentials: { accessKeyId: account, ...keys }, forcePathStyle: true };
}
