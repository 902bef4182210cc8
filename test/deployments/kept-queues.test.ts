import { RemovalPolicy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as fileworks from '../../src';
import { createTestApp, createWorker, image } from '../support/cdk-stacks';
import { createEachConstruct, type EachOptions } from '../support/each-construct';

interface QueueResource {
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** The user's own queues, and those whose messages the constructs do without. */
const NOT_KEPT = /^(?:Own|After)|WakeUp|SpotFallback|DispatcherWakes/;

/** What happens to each queue of the constructs, by logical id. */
function policies(options: EachOptions = {}): Record<string, string> {
  const queues = Template.fromStack(createEachConstruct(options)).findResources('AWS::SQS::Queue');
  return Object.fromEntries(
    Object.entries(queues as Record<string, QueueResource>).map(([id, queue]) => [
      id,
      `${queue.DeletionPolicy}, ${queue.UpdateReplacePolicy}`,
    ]),
  );
}

describe('the queues of all constructs', () => {
  const kept = Object.entries(policies()).filter(([id]) => !NOT_KEPT.test(id));

  it.each(kept)('%s is kept with its messages', (_, policy) => {
    expect(policy).toBe('Retain, Retain');
  });

  it('are deleted on request', () => {
    expect(new Set(Object.values(policies({ removalPolicy: RemovalPolicy.DESTROY })))).toEqual(
      new Set(['Delete, Delete']),
    );
  });

  it('are deleted if they hold hints only', () => {
    const hints = Object.entries(policies({ removalPolicy: RemovalPolicy.RETAIN })).filter(([id]) => NOT_KEPT.test(id));
    expect(hints).toHaveLength(10);
    expect(new Set(hints.map(([, policy]) => policy))).toEqual(new Set(['Delete, Delete']));
  });
});

describe('removalPolicy', () => {
  const removalPolicy = RemovalPolicy.DESTROY;

  it('is refused beside an existing queue', () => {
    const test = createTestApp();
    const queue = new sqs.Queue(test.stack, 'Own');
    expect(() => createWorker(test, { queue, removalPolicy })).toThrow(
      'removalPolicy cannot be set together with queue; set them where the queue is created',
    );
    const orchestrator = { queue, removalPolicy };
    expect(
      () => new fileworks.ExportOrchestrator(test.stack, 'Exports', { cluster: test.cluster, image, orchestrator }),
    ).toThrow('orchestrator.removalPolicy cannot be set together with orchestrator.queue');
  });

  it('is for the new queues of a worker that has an existing one', () => {
    const test = createTestApp();
    const queue = sqs.Queue.fromQueueArn(test.stack, 'Own', 'arn:aws:sqs:eu-central-1:111122223333:own');
    createWorker(test, { queue, additionalQueues: { Express: {} }, removalPolicy });
    Template.fromStack(test.stack).allResources('AWS::SQS::Queue', { DeletionPolicy: 'Delete' });
  });

  it('is for the dead-letter queue of an existing bucket', () => {
    const test = createTestApp();
    const bucket = s3.Bucket.fromBucketName(test.stack, 'Files', 'files');
    new fileworks.FileIngestBucket(test.stack, 'Inbox', { bucket, removalPolicy });
    Template.fromStack(test.stack).hasResource('AWS::SQS::Queue', { DeletionPolicy: 'Delete' });
  });

  it('of a service wins over that of its ExportOrchestrator', () => {
    const test = createTestApp();
    new fileworks.ExportOrchestrator(test.stack, 'Exports', {
      cluster: test.cluster,
      image,
      removalPolicy,
      downloader: { removalPolicy: RemovalPolicy.RETAIN },
    });
    const queues = Template.fromStack(test.stack).findResources('AWS::SQS::Queue', { DeletionPolicy: 'Retain' });
    expect(Object.keys(queues)).toEqual([
      expect.stringMatching(/^ExportsWorkerQueuesDeadLetterQueue/),
      expect.stringMatching(/^ExportsWorkerQueuesQueue/),
    ]);
  });
});
