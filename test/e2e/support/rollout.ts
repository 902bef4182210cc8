import { ListObjectVersionsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { LocalCloud, LocalTask } from 'fileworks-local';
import { appFolder, type DeploymentOptions, startDeployment, until } from './deployment';

/** A reference deployment, in a folder of its own, that is updated while it works. */
export class Rollout {
  static async start(name: string, folder: string, options: DeploymentOptions): Promise<Rollout> {
    return new Rollout(appFolder(folder), await startDeployment(name, { speed: 10, ...options, folder }));
  }

  readonly #s3: S3Client;
  readonly #sqs: SQSClient;

  private constructor(
    /** Where the first version is. */
    readonly app: string,
    readonly cloud: LocalCloud,
  ) {
    this.#s3 = new S3Client(cloud.clientConfig());
    this.#sqs = new SQSClient(cloud.clientConfig());
  }

  async put(bucket: string, ...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.putBody(bucket, key, '{"id":1}\n');
    }
  }

  async putBody(bucket: string, key: string, body: string | Buffer): Promise<void> {
    await this.#s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body as string) }));
  }

  /** The key of each version of each object: one that was stored twice is there twice. */
  async keys(bucket: string, prefix = ''): Promise<string[]> {
    const request = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix });
    const { Versions: found = [], DeleteMarkers: deleted = [] } = await this.#s3.send(request);
    const gone = new Set(deleted.filter(({ IsLatest: latest }) => latest).map(({ Key: key }) => key));
    return found.flatMap(({ Key: key = '' }) => (gone.has(key) ? [] : [key])).toSorted();
  }

  /** The tasks that run, as soon as there are so many; of another revision than `known`. */
  running(count: number, known?: string): Promise<LocalTask[]> {
    return until(`${count} running tasks`, 60, () => {
      const found = this.cloud
        .tasks()
        .filter(({ lastStatus, taskDefinitionArn: revision }) => lastStatus === 'RUNNING' && revision !== known);
      return found.length >= count ? found : undefined;
    });
  }

  /** How many messages wait in a queue or are in flight. */
  async inQueue(url: string): Promise<number> {
    const { Attributes: { ApproximateNumberOfMessages: waiting, ApproximateNumberOfMessagesNotVisible: hidden } = {} } =
      await this.#sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }));
    return Number(waiting) + Number(hidden);
  }

  async stop(): Promise<void> {
    this.#s3.destroy();
    this.#sqs.destroy();
    await this.cloud.stop();
  }
}
