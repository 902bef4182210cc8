import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { LocalCloud } from 'fileworks-local';
import { zip } from '../e2e/support/zip';
import type { DeploymentOptions } from '../e2e/support/deployment';
import type { Feed } from './player';

/** A reference deployment, and what arrives in it while parts are switched off. */
export interface Deployment {
  readonly options?: DeploymentOptions;
  /** Starts to feed the running deployment. */
  readonly feed: (cloud: LocalCloud) => Promise<Feed> | Feed;
}

interface Files {
  readonly stack: string;
  readonly everyMinutes: number;
  /** Outputs with the names of the buckets. */
  readonly from: string;
  readonly to: string;
  readonly file: (index: number) => { readonly key: string; readonly body: Buffer };
  /** The key of the result of a file. */
  readonly result: (key: string, version: string) => string;
}

/** A file now and then, and a result for each. */
function files({ stack, everyMinutes, from, to, file, result }: Files): Deployment['feed'] {
  return (cloud) => {
    const s3 = new S3Client(cloud.clientConfig());
    const outputs = cloud.outputs(stack);
    const results: string[] = [];
    return {
      everyMinutes,
      async send(index) {
        const { key, body } = file(index);
        const { VersionId: version = '' } = await s3.send(
          new PutObjectCommand({ Bucket: outputs[from], Key: key, Body: body }),
        );
        results[index] = result(key, version);
      },
      isDone: (index) =>
        s3.send(new GetObjectCommand({ Bucket: outputs[to], Key: results[index] })).then(
          ({ Body: body }) => body!.transformToString().then(() => true),
          () => false,
        ),
    };
  };
}

export const DEPLOYMENTS: Readonly<Record<string, Deployment>> = {
  quickstart: {
    feed: files({
      stack: 'Quickstart',
      everyMinutes: 1,
      from: 'IncomingBucket',
      to: 'ResultsBucket',
      file: (index) => ({ key: `incoming/${index}.zip`, body: zip(2, String(index)) }),
      result: (key) => `manifests/${key.replace('incoming/', '')}.json`,
    }),
  },
  'object-tasks': {
    feed: files({
      stack: 'ObjectTasks',
      everyMinutes: 3,
      from: 'IncomingBucket',
      to: 'ResultsBucket',
      file: (index) => ({ key: `in/${index}.jsonl`, body: Buffer.from(`{"id":${index}}\n`) }),
      result: (key, version) => `summaries/${key.replace('in/', '')}@${version}.json`,
    }),
  },
  'typed-ingest': {
    feed: files({
      stack: 'TypedIngest',
      everyMinutes: 3,
      from: 'IncomingBucket',
      to: 'ResultsBucket',
      file: (index) => ({ key: `incoming/c/${index}.txt`, body: Buffer.from(`file ${index}\n`) }),
      result: (key) => `summaries/${key}.json`,
    }),
  },
};
