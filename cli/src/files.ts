import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { listDispatchers, operate, type DispatchedFile, type Dispatcher } from './dispatchers';
import { choose, type Pipeline } from './pipeline';
import type { Clients } from './support/clients';
import { CliError, ExitCode } from './support/errors';
import { describeRules } from './rules';

/** The current version of an S3 object. */
export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly modified: string;
  readonly versionId?: string;
}

/** The named bucket, or the only bucket in the rules of the stack. */
export async function bucketOf(clients: Clients, pipeline: Pipeline, named: string | undefined): Promise<string> {
  if (named !== undefined) {
    return named;
  }
  const buckets = [...new Set((await describeRules(clients, pipeline)).flatMap((rule) => rule.buckets))];
  const only = buckets.at(0);
  if (only !== undefined && buckets.length === 1) {
    return only;
  }
  throw new CliError(
    ExitCode.usage,
    `--bucket is required, because the rules of this stack match ${buckets.length === 0 ? 'no bucket' : buckets.join(', ')}`,
  );
}

export async function headObject(clients: Clients, bucket: string, key: string): Promise<StoredObject | undefined> {
  try {
    const {
      ContentLength: size = 0,
      LastModified: modified,
      VersionId: versionId,
    } = await clients.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return {
      bucket,
      key,
      size,
      modified: modified?.toISOString() ?? '',
      ...(versionId !== undefined && versionId !== 'null' && { versionId }),
    };
  } catch (error) {
    if ((error as Error).name === 'NotFound' || (error as Error).name === 'NoSuchKey') {
      return undefined;
    }
    throw error;
  }
}

/** File ids of dispatchers: SHA-256 in base32. */
const FILE_ID = /^[a-z2-7]{52}$/;

export async function chooseDispatcher(
  clients: Clients,
  pipeline: Pipeline,
  name: string | undefined,
): Promise<Dispatcher> {
  return choose('dispatcher', await listDispatchers(clients, pipeline), name);
}

/** Finds the row of a file by its id or its key. */
export async function findFile(
  clients: Clients,
  pipeline: Pipeline,
  dispatcher: Dispatcher,
  idOrKey: string,
  bucket: string | undefined,
): Promise<DispatchedFile | undefined> {
  if (FILE_ID.test(idOrKey)) {
    return show(clients, dispatcher, { file: idOrKey });
  }
  const where = await bucketOf(clients, pipeline, bucket);
  return showObject(clients, dispatcher, where, idOrKey, await headObject(clients, where, idOrKey));
}

export function showObject(
  clients: Clients,
  dispatcher: Dispatcher,
  bucket: string,
  key: string,
  object: StoredObject | undefined,
): Promise<DispatchedFile | undefined> {
  return show(clients, dispatcher, {
    bucket,
    key,
    ...(object?.versionId !== undefined && { versionId: object.versionId }),
  });
}

async function show(clients: Clients, dispatcher: Dispatcher, which: object): Promise<DispatchedFile | undefined> {
  const { file } = await operate<{ file: DispatchedFile | null }>(clients, dispatcher, { action: 'show', ...which });
  return file ?? undefined;
}

export const noSuchFile = (dispatcher: Dispatcher, given: string): CliError =>
  new CliError(
    ExitCode.notFound,
    `the file must be the id or key of a file of ${dispatcher.name}, got: ${given}; see fileworks files list, and use the id for an older version`,
  );
