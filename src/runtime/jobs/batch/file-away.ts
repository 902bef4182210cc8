import { GetObjectTaggingCommand, PutObjectTaggingCommand, type S3Client, type Tag } from '@aws-sdk/client-s3';
import { type BatchDocument, type BatchFile, type BatchFileResult, BatchTag } from '../../../contract/batch.js';
import { moveObject } from '../../storage/index.js';
import { defined } from '../../support/defined.js';

/** Puts files where their outcome says, so that the next run does not take them again. */
export interface FileAway {
  /** Whether an earlier run has done the file. */
  isDone(file: BatchFile): Promise<boolean>;
  /** MUST be harmless when it is done again. */
  put(file: BatchFile, outcome: BatchFileResult['outcome']): Promise<void>;
}

export function fileAway(client: S3Client, { bucket, filing }: BatchDocument): FileAway {
  switch (filing.by) {
    case 'none':
      return { isDone: () => Promise.resolve(false), put: () => Promise.resolve() };
    case 'tag':
      return {
        isDone: async ({ key }) => (await tagsOf(client, bucket, key)).some(({ Key: name }) => name === BatchTag.key),
        put: async ({ key }, outcome) => {
          if (outcome === 'skipped') {
            return;
          }
          const others = (await tagsOf(client, bucket, key)).filter(({ Key: name }) => name !== BatchTag.key);
          const TagSet = [...others, { Key: BatchTag.key, Value: BatchTag[outcome] }];
          await client.send(new PutObjectTaggingCommand({ Bucket: bucket, Key: key, Tagging: { TagSet } }));
        },
      };
    case 'move':
      return {
        isDone: () => Promise.resolve(false),
        put: async ({ key, etag }, outcome) => {
          const { incoming, processed, failed } = filing;
          // What a manifest names elsewhere is not ours to move.
          if (!key.startsWith(incoming)) {
            return;
          }
          const to = `${outcome === 'failed' ? failed : processed}${key.slice(incoming.length)}`;
          await moveObject(client, { bucket, from: key, to, ...defined({ etag }) });
        },
      };
  }
}

async function tagsOf(client: S3Client, bucket: string, key: string): Promise<Tag[]> {
  const { TagSet: tags = [] } = await client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key }));
  return tags;
}
