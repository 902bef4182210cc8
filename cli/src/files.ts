import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { listDispatchers, operate, type DispatchedFile, type Dispatcher } from './dispatchers';
import { choose, type Pipeline } from './pipeline';
import type { Clients } from './support/clients';
import { CliError, ExitCode } from './support/errors';
import { describeRules } from './rules';

/** An object of S3 as it is now. */
export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly modified: string;
  readonly versionId?: string;
}

/** The bucket that is meant: the one that was named, or the only one whose events rules of the stack are about. */
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
    `--bucket must name a bucket, because rules of this stack are about ${buckets.length === 0 ? 'none' : buckets.join(', ')}`,
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

/** Ids that dispatchers give: a SHA-256 in base32. */
const FILE_ID = /^[a-z2-7]{52}$/;

export async function chooseDispatcher(
  clients: Clients,
  pipeline: Pipeline,
  name: string | undefined,
): Promise<Dispatcher> {
  return choose('dispatcher', await listDispatchers(clients, pipeline), name);
}

/** The row of a file by its id, or by its key. */
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
    `the file must be an id or a key that ${dispatcher.name} knows, got: ${given}; look at fileworks files list, and name an older version by its id`,
  );
