import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { LocalCloud } from 'fileworks-local';
import type { Feed } from '../player';

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
export function files({ stack, everyMinutes, from, to, file, result }: Files): (cloud: LocalCloud) => Feed {
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
