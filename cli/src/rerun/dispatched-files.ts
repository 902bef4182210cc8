import { userInfo } from 'node:os';
import { operate, type DispatchedFile, type Dispatcher, type FileList, type OpenStatus } from '../dispatchers';
import type { Clients } from '../support/clients';
import type { FailedItem } from './failed-item';
import { oneByOne } from './paced';
import { scanPages, type Rerun, type RerunSource } from './source';

/** A file of a dispatcher that has not ended. */
export interface OpenFile extends FailedItem {
  readonly file: DispatchedFile;
}

export interface FileSelection {
  readonly status: OpenStatus;
  /** Default: every type of the dispatcher. */
  readonly type?: string;
  readonly sequence?: string;
}

/** Files of a page, which are changed at the same time: as many functions run. */
const PAGE_SIZE = 10;

/** Blocked or parked files. The operator function queues them again, each with all its attempts. */
export const failedFiles = (
  clients: Clients,
  dispatcher: Dispatcher,
  status: 'blocked' | 'parked',
): RerunSource<OpenFile> => ({
  name: dispatcher.name,
  kind: `${status} files`,
  scan: (options, handle) => scanPages(pagesOf(clients, dispatcher, { status }), options, handle),
  rerun: (items) => changeFiles(clients, dispatcher, items, { action: 'redrive', by: userInfo().username }),
});

/** The open files of a selection, page by page, in an order that changes of the files do not affect. */
export async function* pagesOf(
  clients: Clients,
  dispatcher: Dispatcher,
  { type, ...selection }: FileSelection,
): AsyncGenerator<OpenFile[]> {
  for (const one of type === undefined ? dispatcher.types : [type]) {
    let after: object | undefined;
    do {
      const page: FileList = await operate(clients, dispatcher, {
        action: 'list',
        type: one,
        ...selection,
        limit: PAGE_SIZE,
        ...(after && { after }),
      });
      yield page.files.map(itemOf);
      after = page.next;
    } while (after !== undefined);
  }
}

/** Changes each file by a call of the operator function, which writes its audit line. */
export const changeFiles = (
  clients: Clients,
  dispatcher: Dispatcher,
  items: readonly OpenFile[],
  request: { readonly action: 'redrive' | 'skip' | 'cancel'; readonly reason?: string; readonly by: string },
): Promise<Rerun> =>
  oneByOne(items, async ({ file: { id, object } }) => {
    const { outcome, file } = await operate<{ readonly outcome: string; readonly file: DispatchedFile }>(
      clients,
      dispatcher,
      { ...request, file: id },
    );
    if (outcome === 'refused') {
      throw new Error(`${object.key} has changed meanwhile: it is ${file.status}`);
    }
  });

const itemOf = (file: DispatchedFile): OpenFile => {
  const { id, updatedAt, object, correlationId, reason, type, sequence } = file;
  return {
    id,
    failedAt: new Date(updatedAt),
    bucket: object.bucket,
    key: object.key,
    correlationId,
    type,
    body: JSON.stringify(object),
    file,
    ...(sequence !== undefined && { sequence }),
    ...(reason !== undefined && { reason }),
  };
};
