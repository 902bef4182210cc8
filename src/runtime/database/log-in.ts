import type { DatabaseSettings } from '../../contract/database-settings.js';
import { type ConnectAs, iamCredentials, secretCredentials, type SignToken } from './credentials.js';
import { missingPeer } from '../support/missing-peer.js';

/** Credentials for the settings. Only the required client must be installed. */
export async function logIn(database: DatabaseSettings): Promise<ConnectAs> {
  if (database.secretArn !== undefined) {
    const { SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager').catch(
      missingPeer('@aws-sdk/client-secrets-manager'),
    );
    return secretCredentials({ client: new SecretsManagerClient({}), database });
  }
  const { Signer } = await import('@aws-sdk/rds-signer').catch(missingPeer('@aws-sdk/rds-signer'));
  const sign: SignToken = (as) => new Signer(as).getAuthToken();
  return iamCredentials({ sign, database });
}

/** Parses settings set by a construct; undefined if they are not JSON. */
export function databaseSettings(text: string | undefined): DatabaseSettings | undefined {
  try {
    return JSON.parse(text ?? '') as DatabaseSettings;
  } catch {
    return undefined;
  }
}
