import { S3Client } from '@aws-sdk/client-s3';
import { LoaderEnv } from '../../../contract/loader-env.js';
import type { LedgerQueryObject } from '../../../contract/ledger-query.js';
import type { LoadRoute } from '../../../contract/load-route.js';
import { WorkerEnv } from '../../../contract/worker-env.js';
import {
  type ConnectAs,
  databaseSettings,
  Ledger,
  LoaderConnection,
  type LoadFile,
  logIn,
} from '../../database/index.js';
import { type Environment, EnvironmentReader } from '../../support/environment.js';
import { OptionChecks } from '../../support/option-checks.js';
import { FileLoader } from './file-loader.js';

/** Settings of a loader that are not in the environment. */
export interface FileLoaderSetup {
  /** Mappings of files to tables; the first that matches a key applies. Not together with `load`. */
  readonly routes?: readonly LoadRoute[];
  /** Loads a file in the same transaction as its ledger row. Not together with `routes`. */
  readonly load?: LoadFile;
  /** @default process.env */
  readonly env?: Environment;
  /** @default - a client with the SDK's defaults */
  readonly client?: S3Client;
  /** Credentials for the database. @default - from the environment: the secret, otherwise IAM */
  readonly connectAs?: ConnectAs;
}

export interface LoaderParts {
  readonly name: string;
  readonly loader: FileLoader;
  /** For each object, whether the ledger contains it. */
  recorded(objects: readonly LedgerQueryObject[]): Promise<boolean[]>;
  readonly queueUrl: string | undefined;
  readonly deadLetterQueueUrl: string | undefined;
  readonly largeFileQueueUrl: string | undefined;
}

/** @throws ConfigurationError with every problem, by variable */
export async function loaderParts(setup: FileLoaderSetup): Promise<LoaderParts> {
  const { env = process.env, routes, load } = setup;
  const checks = new OptionChecks();
  const variables = new EnvironmentReader(env, 'BatchFileLoader sets it', checks);
  const name = variables.required(LoaderEnv.name, 'the name of the loader');
  const database = databaseSettings(env[LoaderEnv.database]);
  checks.that(
    database !== undefined || setup.connectAs !== undefined,
    `expected \`${LoaderEnv.database}\` to be JSON with the connection settings of the database; BatchFileLoader sets it`,
  );
  const maxFileBytes = variables.integer(LoaderEnv.maxFileBytes, 1);
  const maxBatchBytes = variables.integer(LoaderEnv.maxBatchBytes, 1);
  checks.done();
  const ledger = new Ledger(name);
  const connection = new LoaderConnection({
    connectAs: setup.connectAs ?? (await logIn(database ?? {})),
    prepare: (client) => ledger.ensure(client),
  });
  const loader = new FileLoader({
    name,
    client: setup.client ?? new S3Client({}),
    connection,
    ...(routes === undefined ? {} : { routes }),
    ...(load === undefined ? {} : { load }),
    ...(maxFileBytes === undefined ? {} : { maxFileBytes }),
    ...(maxBatchBytes === undefined ? {} : { maxBatchBytes }),
  });
  return {
    name,
    loader,
    recorded: (objects) => connection.statement((client) => ledger.recorded(client, objects)),
    queueUrl: env[WorkerEnv.queueUrl],
    deadLetterQueueUrl: env[WorkerEnv.deadLetterQueueUrl],
    largeFileQueueUrl: env[LoaderEnv.largeFileQueueUrl],
  };
}
