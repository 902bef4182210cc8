import {
  CreateEventSourceMappingCommand,
  InvokeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { PutMetricFilterCommand, PutSubscriptionFilterCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { until } from '../support/cloud';
import { reported, type CallRow, type TemplateRow, type World } from './row';

const LIMITS = 'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html';
const SQS = 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html';
const MAPPING = 'https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html';
const PATTERNS = 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html';

const FAILED = 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html';

/** The function of the stack answers what it is asked for. */
const invoke = ({ lambda, outputs }: World, payload: string, type: 'Event' | 'RequestResponse' = 'RequestResponse') =>
  lambda.send(
    new InvokeCommand({ FunctionName: outputs['Function'], InvocationType: type, Payload: Buffer.from(payload) }),
  );

async function map(world: World, queue: Record<string, string>, mapping: Record<string, unknown>): Promise<string> {
  const url = await world.queue(queue);
  await world.lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: world.outputs['Function'],
      EventSourceArn: world.arn('sqs', url.split('/').at(-1) ?? ''),
      ...mapping,
    }),
  );
  return url;
}

const mapped = (
  limit: string,
  call: string,
  page: string,
  queue: Record<string, string>,
  mapping: Record<string, unknown>,
  error = 'InvalidParameterValueException',
): CallRow => ({
  service: 'Lambda',
  limit,
  page,
  call: `CreateEventSourceMapping ${call}`,
  error,
  status: 400,
  send: (world) => map(world, queue, mapping),
});

export const calls: CallRow[] = [
  mapped(
    'Visibility timeout of a mapped queue: at least the timeout of the function',
    'of a queue with 10 seconds for a function with 20',
    SQS,
    { VisibilityTimeout: '10' },
    {},
  ),
  mapped(
    'Batches of more than 10 messages: with a batching window',
    'with BatchSize 11 and no window',
    MAPPING,
    {},
    { BatchSize: 11 },
  ),
  mapped(
    'Batches of a FIFO queue: 10 messages',
    'of a FIFO queue with BatchSize 11',
    MAPPING,
    { FifoQueue: 'true' },
    { BatchSize: 11 },
  ),
  mapped(
    'Batching window: 300 seconds',
    'with a window of 301 seconds',
    MAPPING,
    {},
    { MaximumBatchingWindowInSeconds: 301 },
    'ValidationException',
  ),
  {
    service: 'Lambda',
    limit: 'Partial batch response: item identifiers that are not empty, else the whole batch fails',
    page: FAILED,
    call: 'a function that returns an empty `itemIdentifier`',
    error: 'the message stays in its queue',
    status: 0,
    send: async (world) => {
      const url = await map(world, { VisibilityTimeout: '60' }, { FunctionResponseTypes: ['ReportBatchItemFailures'] });
      const answer = { batchItemFailures: [{ itemIdentifier: '' }] };
      await world.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify({ answer }) }));
      const inFlight = async () => {
        const { Attributes: counts = {} } = await world.sqs.send(
          new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
        );
        return counts as Record<string, string>;
      };
      // The emulator writes to its log, after the batch, what became of it.
      await until(
        () => world.log().includes(`from ${url.split('/').at(-1) ?? ''} (1 partial failures)`),
        'the end of the batch',
      );
      if ((await inFlight())['ApproximateNumberOfMessagesNotVisible'] === '1') {
        throw reported('the message stays in its queue', '');
      }
    },
  },
  {
    service: 'Lambda',
    limit: 'Payload of a synchronous call: 6 MB',
    page: LIMITS,
    call: 'Invoke with 6,291,457 bytes',
    error: 'RequestTooLargeException',
    status: 413,
    send: (world) => invoke(world, JSON.stringify('p'.repeat(6_291_455))),
  },
  {
    service: 'Lambda',
    limit: 'Payload of an asynchronous call: 1 MB',
    page: LIMITS,
    call: 'Invoke as an event with 1,048,577 bytes',
    error: 'RequestTooLargeException',
    status: 413,
    send: (world) => invoke(world, JSON.stringify('p'.repeat(1_048_575)), 'Event'),
  },
  {
    service: 'Lambda',
    limit: 'Response: 6 MB',
    page: LIMITS,
    call: 'Invoke of a function that returns 6,300,000 bytes',
    error: 'Function.ResponseSizeTooLarge',
    status: 0,
    send: async (world) => {
      const { FunctionError: error, Payload: payload } = await invoke(world, '{"bytes":6300000}');
      if (error !== undefined) {
        const { errorType, errorMessage } = JSON.parse(Buffer.from(payload!).toString()) as Record<string, string>;
        throw reported(errorType, errorMessage);
      }
    },
  },
  {
    service: 'Lambda',
    limit: 'Environment variables: 4 KB',
    page: LIMITS,
    call: 'UpdateFunctionConfiguration with 5,000 bytes',
    error: 'InvalidParameterValueException',
    status: 400,
    send: ({ lambda, outputs }) =>
      lambda.send(
        new UpdateFunctionConfigurationCommand({
          FunctionName: outputs['Function'],
          Environment: { Variables: { VALUE: 'v'.repeat(5_000) } },
        }),
      ),
  },
  {
    service: 'Lambda',
    limit: 'Memory of a function: 128 to 10,240 MB',
    page: LIMITS,
    call: 'UpdateFunctionConfiguration with 64',
    error: 'ValidationException',
    status: 400,
    send: ({ lambda, outputs }) =>
      lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: outputs['Function'], MemorySize: 64 })),
  },
  ...['{ $.level = }', '{ level = "ERROR" }', '{ $.a = 1 && }', '{ ($.a = 1 }'].map((filterPattern): CallRow => ({
    service: 'CloudWatch Logs',
    limit: 'JSON filter pattern: selectors and comparisons',
    page: PATTERNS,
    call: `PutMetricFilter with \`${filterPattern}\``,
    error: 'InvalidParameterException',
    status: 400,
    send: ({ logs, outputs }) =>
      logs.send(
        new PutMetricFilterCommand({
          logGroupName: outputs['LogGroup'],
          filterName: 'broken',
          filterPattern,
          metricTransformations: [{ metricName: 'm', metricNamespace: 'n', metricValue: '1' }],
        }),
      ),
  })),
  {
    service: 'CloudWatch Logs',
    limit: 'Subscription filters of a log group: 2',
    page: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html',
    call: 'PutSubscriptionFilter of the third',
    error: 'LimitExceededException',
    status: 400,
    send: async ({ logs, outputs }) => {
      for (const filterName of ['first', 'second', 'third']) {
        await logs.send(
          new PutSubscriptionFilterCommand({
            logGroupName: outputs['LogGroup'],
            filterName,
            filterPattern: '{ ($.level = "ERROR" || $.count > 3) && $.key NOT EXISTS }',
            destinationArn: outputs['FunctionArn'],
          }),
        );
      }
    },
  },
];

const FUNCTION = {
  Type: 'AWS::Lambda::Function',
  Properties: {
    Runtime: 'nodejs22.x',
    Handler: 'index.handler',
    Code: { ZipFile: 'exports.handler = async () => null' },
    Role: 'arn:aws:iam::000000000000:role/role',
    Timeout: 60,
  },
};

export const templates: TemplateRow[] = [
  {
    service: 'Lambda',
    limit: 'Visibility timeout of a mapped queue: at least the timeout of the function',
    page: SQS,
    template: 'a queue with the default of 30 seconds, mapped to a function with 60',
    error: 'InvalidParameterValueException',
    resources: {
      Queue: { Type: 'AWS::SQS::Queue' },
      Function: FUNCTION,
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: { EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] }, FunctionName: { Ref: 'Function' } },
      },
    },
  },
  {
    service: 'Lambda',
    limit: 'Environment variables: 4 KB',
    page: LIMITS,
    template: 'a function with 5,000 bytes',
    error: 'InvalidParameterValueException',
    resources: {
      Function: {
        ...FUNCTION,
        Properties: { ...FUNCTION.Properties, Environment: { Variables: { VALUE: 'v'.repeat(5_000) } } },
      },
    },
  },
  {
    service: 'CloudWatch Logs',
    limit: 'JSON filter pattern: selectors and comparisons',
    page: PATTERNS,
    template: 'a metric filter with `{ $.level == "ERROR" }`',
    error: 'InvalidParameterException',
    resources: {
      Group: { Type: 'AWS::Logs::LogGroup' },
      Filter: {
        Type: 'AWS::Logs::MetricFilter',
        Properties: {
          LogGroupName: { Ref: 'Group' },
          FilterPattern: '{ $.level == "ERROR" }',
          MetricTransformations: [{ MetricName: 'm', MetricNamespace: 'n', MetricValue: '1' }],
        },
      },
    },
  },
];
