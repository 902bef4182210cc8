import { Tokenization } from 'aws-cdk-lib';
import type { DatabaseSettings } from '../../../contract/database-settings';
import type { DatabaseDeliveryPipelineProps } from '../database-delivery-pipeline-props';
import { DeliveryDefaults } from '../defaults';
import { CA_FILE, prepare, runStep, stepFile } from './scripts';

type Variables = Record<string, string>;

/** The environment variables of PostgreSQL tools, read from the secret when the build starts. */
function databaseEnvironment({ secretArn, host, port, database, user }: DatabaseSettings): object {
  const known: Readonly<Record<string, string | undefined>> = {
    PGHOST: host,
    PGPORT: port === undefined ? (secretArn === undefined ? '5432' : undefined) : Tokenization.stringifyNumber(port),
    PGDATABASE: database,
    PGUSER: user,
    // Node.js has its own list of authorities, which this extends
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: CA_FILE,
    NODE_EXTRA_CA_CERTS: CA_FILE,
  };
  const inSecret: Readonly<Record<string, string>> = {
    PGHOST: 'host',
    PGPORT: 'port',
    PGDATABASE: 'dbname',
    PGUSER: 'username',
    PGPASSWORD: 'password',
  };
  const variables: Variables = Object.fromEntries(
    Object.entries(known).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  if (secretArn === undefined) {
    return { variables };
  }
  const secrets: Variables = Object.fromEntries(
    Object.entries(inSecret)
      .filter(([name]) => !(name in variables))
      .map(([name, key]) => [name, `${secretArn}:${key}`]),
  );
  return { variables, 'secrets-manager': secrets };
}

/** An IAM token, valid for a quarter of an hour, in place of a password. `export` alone would hide a failure. */
const LOGIN_BY_IAM =
  'PGPASSWORD=$(aws rds generate-db-auth-token --hostname "$PGHOST" --port "$PGPORT" --username "$PGUSER") && export PGPASSWORD';

/** @see https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html */
export function buildSpec(
  props: DatabaseDeliveryPipelineProps,
  commands: readonly string[],
  usesDatabase: boolean,
): Record<string, unknown> {
  const {
    database: { _database: database },
    workingDirectory,
    installCommands,
    runtimeVersions,
    clientVersion = DeliveryDefaults.clientVersion,
  } = props;
  // One shell runs all commands, so it stays in the folder
  const enter = workingDirectory === undefined ? [] : [`cd '${workingDirectory}'`];
  const install = installCommands === undefined ? [] : [stepFile('install', installCommands), runStep('install')];
  return {
    version: '0.2',
    env: { shell: 'bash', ...(usesDatabase ? databaseEnvironment(database) : {}) },
    phases: {
      install: {
        // A Java map is unordered, so the build spec would change with each synthesis
        ...(runtimeVersions === undefined
          ? {}
          : { 'runtime-versions': Object.fromEntries(Object.entries(runtimeVersions).sort()) }),
        commands: [...(usesDatabase ? prepare(database.ca, clientVersion) : []), ...enter, ...install],
      },
      // A failed install ends the build before this; post_build is not used, because it runs after a failure too
      build: { commands: [...(usesDatabase && database.secretArn === undefined ? [LOGIN_BY_IAM] : []), ...commands] },
    },
  };
}
