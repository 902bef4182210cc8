import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type QueueAttributeName,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { type S3Client, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { LocalCloud } from 'fileworks-local';

export interface Score {
  readonly visible: number;
  readonly inFlight: number;
  readonly done: number;
  readonly failed: number;
  readonly tasks: number;
  readonly seconds: number;
}

export interface Places {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly results: string;
}

/** The URL of a queue's dead-letter queue, from its redrive policy. */
export async function deadLetterQueueOf(sqs: SQSClient, queueUrl: string): Promise<string> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['RedrivePolicy'] }),
  );
  const { deadLetterTargetArn } = JSON.parse(Attributes?.RedrivePolicy ?? '{}') as { deadLetterTargetArn?: string };
  const { QueueUrl = '' } = await sqs.send(
    new GetQueueUrlCommand({ QueueName: deadLetterTargetArn?.split(':').at(-1) }),
  );
  return QueueUrl;
}

/** The progress of the demo, read from the services. */
export class Scoreboard {
  readonly #started = Date.now();
  readonly #cloud: LocalCloud;
  readonly #s3: S3Client;
  readonly #sqs: SQSClient;
  readonly #places: Places;
  #live = false;
  #last = '';

  constructor(cloud: LocalCloud, s3: S3Client, sqs: SQSClient, places: Places) {
    this.#cloud = cloud;
    this.#s3 = s3;
    this.#sqs = sqs;
    this.#places = places;
  }

  async score(): Promise<Score> {
    const [queue, dead, done] = await Promise.all([
      this.#depth(this.#places.queueUrl),
      this.#depth(this.#places.deadLetterQueueUrl),
      this.#manifests(),
    ]);
    return {
      visible: queue.visible,
      inFlight: queue.inFlight,
      done,
      failed: dead.visible,
      tasks: this.#cloud.tasks().filter(({ lastStatus }) => lastStatus === 'RUNNING').length,
      seconds: Math.round((Date.now() - this.#started) / 1000),
    };
  }

  /** Redraws in place on a terminal; otherwise prints a line for each change. */
  show(score: Score, total: number): void {
    const text = `files ${score.done}/${total} done, ${score.visible} visible, ${score.inFlight} in flight, ${score.failed} failed · tasks ${score.tasks}`;
    if (process.stdout.isTTY) {
      const width = 30;
      const filled = Math.round((score.done / total) * width);
      process.stdout.write(
        `\r\x1b[2K  ${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${text} · ${score.seconds} s`,
      );
      this.#live = true;
    } else if (text !== this.#last) {
      console.log(`  ${String(score.seconds).padStart(4)} s  ${text}`);
    }
    this.#last = text;
  }

  /** Prints a permanent line above the live one. */
  print(text: string): void {
    process.stdout.write(`${this.#live ? '\r\x1b[2K' : ''}  ${text}\n`);
    this.#live = false;
  }

  async #depth(queueUrl: string): Promise<{ visible: number; inFlight: number }> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: queueUrl,
        AttributeNames: [
          'ApproximateNumberOfMessages',
          'ApproximateNumberOfMessagesNotVisible',
          'ApproximateNumberOfMessagesDelayed',
        ],
      }),
    );
    const count = (name: QueueAttributeName) => Number(Attributes[name] ?? 0);
    return {
      visible: count('ApproximateNumberOfMessages') + count('ApproximateNumberOfMessagesDelayed'),
      inFlight: count('ApproximateNumberOfMessagesNotVisible'),
    };
  }

  async #manifests(): Promise<number> {
    let count = 0;
    for await (const page of paginateListObjectsV2(
      { client: this.#s3 },
      { Bucket: this.#places.results, Prefix: 'manifests/' },
    )) {
      count += page.Contents?.filter(({ Key }) => Key?.endsWith('.json')).length ?? 0;
    }
    return count;
  }
}
