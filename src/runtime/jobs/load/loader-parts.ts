import { S3Client } from '@aws-sdk/client-s3';
import { LoaderEnv } from '../../../contract/loader-env.js';
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
import type { Environment } from '../../support/environment.js';
import { OptionChecks } from '../../support/option-checks.js';
import { FileLoader } from './file-loader.js';

/** What a loader does with files, and where it gets what the construct wrote. */
export interface FileLoaderSetup {
  /** Mappings of files to tables; the first that matches a key counts. Not together with `load`. */
  readonly routes?: readonly LoadRoute[];
  /** Loads a file itself, in the same transaction as its ledger row. Not together with `routes`. */
  readonly load?: LoadFile;
  /** @default process.env */
  readonly env?: Environment;
  /** @default - a client with the SDK's defaults */
  readonly client?: S3Client;
  /** How to log in to the database. @default - as the environment says: the secret, else IAM */
  readonly connectAs?: ConnectAs;
}

export interface LoaderParts {
  readonly name: string;
  readonly loader: FileLoader;
  readonly deadLetterQueueUrl: string | undefined;
  readonly largeFileQueueUrl: string | undefined;
}

/** @throws ConfigurationError with every problem, by variable */
export async function loaderParts(setup: FileLoaderSetup): Promise<LoaderParts> {
  const { env = process.env, routes, load } = setup;
  const checks = new OptionChecks();
  const number = (variable: string) => {
    const value = env[variable];
    if (value !== undefined) {
      checks.number(variable, Number(value), { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
    }
    return value === undefined ? undefined : Number(value);
  };
  const name = env[LoaderEnv.name] ?? '';
  checks.that(
    name !== '',
    `expected \`${LoaderEnv.name}\` to name the loader, but it is not set; BatchFileLoader sets it`,
  );
  const database = databaseSettings(env[LoaderEnv.database]);
  checks.that(
    database !== undefined || setup.connectAs !== undefined,
    `expected \`${LoaderEnv.database}\` to be JSON that says where the database is; BatchFileLoader sets it`,
  );
  const [maxFileBytes, maxBatchBytes] = [number(LoaderEnv.maxFileBytes), number(LoaderEnv.maxBatchBytes)];
  checks.done();
  const ledger = new Ledger(name);
  const loader = new FileLoader({
    name,
    client: setup.client ?? new S3Client({}),
    connection: new LoaderConnection({
      connectAs: setup.connectAs ?? (await logIn(database ?? {})),
      prepare: (client) => ledger.ensure(client),
    }),
    ...(routes === undefined ? {} : { routes }),
    ...(load === undefined ? {} : { load }),
    ...(maxFileBytes === undefined ? {} : { maxFileBytes }),
    ...(maxBatchBytes === undefined ? {} : { maxBatchBytes }),
  });
  return {
    name,
    loader,
    deadLetterQueueUrl: env[WorkerEnv.deadLetterQueueUrl],
    largeFileQueueUrl: env[LoaderEnv.largeFileQueueUrl],
  };
}
