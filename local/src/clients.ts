import type { ClientConfig, Environment } from './types';

/** The emulator takes a 12-digit access key as the account. */
export function clientConfig(endpoint: string, { account, region }: Environment): ClientConfig {
  return { endpoint, region, credentials: { accessKeyId: account, secretAccessKey: 'local' }, forcePathStyle: true };
}
