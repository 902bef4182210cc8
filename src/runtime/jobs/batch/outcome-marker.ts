import { GetObjectTaggingCommand, PutObjectTaggingCommand, type S3Client, type Tag } from '@aws-sdk/client-s3';
import { type BatchDocument, type BatchFile, type BatchFileResult, BatchTag } from '../../../contract/batch.js';
import { moveObject } from '../../storage/index.js';
import { defined } from '../../support/defined.js';

/** Marks finished files by moving or tagging them, so that the next run does not process them again. */
export interface OutcomeMarker {
  /** Whether an earlier run has finished the file. */
  isMarked(file: BatchFile): Promise<boolean>;
  /** MUST be idempotent. */
  mark(file: BatchFile, outcome: BatchFileResult['outcome']): Promise<void>;
}

export function outcomeMarker(client: S3Client, { bucket, filing }: BatchDocument): OutcomeMarker {
  switch (filing.by) {
    case 'none':
      return { isMarked: () => Promise.resolve(false), mark: () => Promise.resolve() };
    case 'tag':
      return {
        isMarked: async ({ key }) => (await tagsOf(client, bucket, key)).some(({ Key: name }) => name === BatchTag.key),
        mark: async ({ key }, outcome) => {
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
        isMarked: () => Promise.resolve(false),
        mark: async ({ key, etag }, outcome) => {
          const { incoming, processed, failed } = filing;
          // Files of a manifest outside of the incoming folder are not moved.
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
