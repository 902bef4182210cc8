// What sends jobs, and looks at what became of them, with the rights of the account. Buckets and queues go by the names
// of their outputs.
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { LocalCloud } from 'fileworks-local';

/** The outputs of all stacks. */
export const outputsOf = (cloud: LocalCloud): Readonly<Partial<Record<string, string>>> =>
  Object.assign({}, ...cloud.stacks().map((name) => cloud.outputs(name))) as Record<string, string>;

export class Account {
  readonly cloud: LocalCloud;
  readonly outputs: Readonly<Partial<Record<string, string>>>;
  readonly #s3: S3Client;
  readonly #sqs: SQSClient;

  constructor(cloud: LocalCloud) {
    this.cloud = cloud;
    this.outputs = outputsOf(cloud);
    this.#s3 = new S3Client(cloud.clientConfig());
    this.#sqs = new SQSClient(cloud.clientConfig());
  }

  async putFile(bucket: string, key: string, body = 'file'): Promise<void> {
    await this.#s3.send(new PutObjectCommand({ Bucket: this.outputs[bucket], Key: key, Body: body }));
  }

  /** At most 1,000. */
  async countFiles(bucket: string, prefix: string): Promise<number> {
    const request = new ListObjectsV2Command({ Bucket: this.outputs[bucket], Prefix: prefix });
    return (await this.#s3.send(request)).KeyCount ?? 0;
  }

  async sendMessage(queue: string, body: object): Promise<void> {
    await this.#sqs.send(new SendMessageCommand({ QueueUrl: this.outputs[queue], MessageBody: JSON.stringify(body) }));
  }

  async countMessages(queue: string): Promise<number> {
    const { Attributes: { ApproximateNumberOfMessages: count } = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: this.outputs[queue], AttributeNames: ['All'] }),
    );
    return Number(count);
  }
}
