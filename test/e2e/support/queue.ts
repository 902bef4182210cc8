import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

/** Creates a queue of the test to which an AWS service may send. */
export async function createQueueFor(
  sqs: SQSClient,
  name: string,
  service: 'events.amazonaws.com' | 'sns.amazonaws.com',
): Promise<{ readonly url: string; readonly arn: string }> {
  const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const { Attributes: { QueueArn: arn = '' } = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  );
  const statement = { Effect: 'Allow', Principal: { Service: service }, Action: 'sqs:SendMessage', Resource: arn };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy: policy } }));
  return { url, arn };
}
