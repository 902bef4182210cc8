import type { DatabaseSettings } from '../../../contract/database-settings';
import type { DatabaseDeliveryPipelineProps } from '../database-delivery-pipeline-props';
import { DeliveryDefaults } from '../defaults';
import { CA_FILE, prepare, runStep, stepFile } from './scripts';

type Variables = Record<string, string>;

/** The environment that every tool of PostgreSQL reads, from the secret when the build begins. */
function databaseEnvironment({ secretArn, host, port, database, user }: DatabaseSettings): object {
  const known: Readonly<Record<string, string | undefined>> = {
    PGHOST: host,
    PGPORT: port?.toString() ?? (secretArn === undefined ? '5432' : undefined),
    PGDATABASE: database,
    PGUSER: user,
    // Of the commands those in Node.js have a list of their own, to which this is added
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

/** A token of IAM, valid for a quarter of an hour, in place of a password. */
const LOGIN_BY_IAM =
  'export PGPASSWORD=$(aws rds generate-db-auth-token --hostname "$PGHOST" --port "$PGPORT" --username "$PGUSER")';

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
  // One shell runs all of them, so it stays in the folder
  const enter = workingDirectory === undefined ? [] : [`cd '${workingDirectory}'`];
  const install = installCommands === undefined ? [] : [stepFile('install', installCommands), runStep('install')];
  return {
    version: '0.2',
    env: { shell: 'bash', ...(usesDatabase ? databaseEnvironment(database) : {}) },
    phases: {
      install: {
        // A map of Java has no order of its own, and the build spec is a text: it would be another one with each
        // synthesis
        ...(runtimeVersions === undefined
          ? {}
          : { 'runtime-versions': Object.fromEntries(Object.entries(runtimeVersions).sort()) }),
        commands: [...(usesDatabase ? prepare(database.ca, clientVersion) : []), ...enter, ...install],
      },
      // A failed install ends the build before this; nothing is in post_build, which runs after a failure too
      build: { commands: [...(usesDatabase && database.secretArn === undefined ? [LOGIN_BY_IAM] : []), ...commands] },
    },
  };
}
