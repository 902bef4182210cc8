import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { createTestApp, createWorker, synth } from '../../support/cdk-stacks';
import { createEachConstruct } from '../../support/each-construct';

interface QueueResource {
  readonly Properties?: {
    readonly RedrivePolicy?: { readonly deadLetterTargetArn: { readonly 'Fn::GetAtt': readonly [string, string] } };
    readonly RedriveAllowPolicy?: unknown;
  };
}

describe('the dead-letter queues of all constructs', () => {
  const queues = Template.fromStack(createEachConstruct()).findResources('AWS::SQS::Queue') as Record<
    string,
    QueueResource
  >;
  const named = new Set(
    Object.values(queues).map(
      ({ Properties: { RedrivePolicy: policy } = {} }) => policy?.deadLetterTargetArn['Fn::GetAtt'][0],
    ),
  );
  const alone = Object.keys(queues).filter((id) => id.includes('DeadLetterQueue') && !named.has(id));

  it.each(alone)('%s allows no queue to use it, because none does', (id) => {
    expect(queues[id].Properties?.RedriveAllowPolicy).toEqual({ redrivePermission: 'denyAll' });
  });

  it('are ten without a queue', () => {
    expect(alone).toHaveLength(10);
  });
});

/** Why the dead-letter queue of a queue has no such policy. */
describe('a redriveAllowPolicy that names the source queue', () => {
  it('throws as a cycle without names', () => {
    const test = createTestApp();
    const { queue, deadLetterQueue } = createWorker(test);
    (deadLetterQueue!.node.defaultChild as sqs.CfnQueue).redriveAllowPolicy = {
      redrivePermission: 'byQueue',
      sourceQueueArns: [queue.queueArn],
    };
    expect(() => synth(test)).toThrow(
      /Template is undeployable, these resources have a dependency cycle: Worker\w*Queue/,
    );
  });

  it('is possible for the named queues of a user', () => {
    const test = createTestApp();
    const name = 'jobs';
    const source = sqs.Queue.fromQueueArn(
      test.stack,
      'Source',
      test.stack.formatArn({ service: 'sqs', resource: name }),
    );
    const deadLetterQueue = new sqs.Queue(test.stack, 'Failed', { redriveAllowPolicy: { sourceQueues: [source] } });
    const queue = new sqs.Queue(test.stack, 'Jobs', {
      queueName: name,
      visibilityTimeout: Duration.minutes(5),
      deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 5 },
    });
    createWorker(test, { queue });
    synth(test).hasResourceProperties('AWS::SQS::Queue', {
      RedriveAllowPolicy: {
        redrivePermission: 'byQueue',
        sourceQueueArns: [{ 'Fn::Join': ['', Match.arrayWith([':jobs'])] }],
      },
    });
  });
});
