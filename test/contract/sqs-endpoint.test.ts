import { ListQueueTagsCommand, SQSClient } from '@aws-sdk/client-sqs';
import { sqsEndpoint } from '../../src/contract/sqs-endpoint';

const STANDARD = 'https://sqs.us-west-2.amazonaws.com/111122223333/jobs';
const NAMES = ['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_SQS'];
const before = process.env;

afterEach(() => (process.env = before));

/** The host to which the SDK sends a call for the queue. */
async function hostOf(env: Record<string, string>, queueUrl: string): Promise<string> {
  process.env = { ...Object.fromEntries(Object.entries(before).filter(([name]) => !NAMES.includes(name))), ...env };
  let host = '';
  const client = new SQSClient({
    region: 'us-west-2',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    ...sqsEndpoint(process.env),
    requestHandler: {
      handle: ({ hostname }: { readonly hostname: string }) => {
        host = hostname;
        return Promise.reject(new Error('sent'));
      },
    },
  });
  await expect(client.send(new ListQueueTagsCommand({ QueueUrl: queueUrl }))).rejects.toThrow('sent');
  return host;
}

it.each<[string, Record<string, string>, string, string]>([
  ['the host of the queue URL', {}, STANDARD, 'sqs.us-west-2.amazonaws.com'],
  [
    'the VPC endpoint of the queue URL',
    {},
    'https://vpce-1.sqs.us-west-2.vpce.amazonaws.com/111122223333/jobs',
    'vpce-1.sqs.us-west-2.vpce.amazonaws.com',
  ],
  [
    'the FIPS endpoint of the queue URL',
    {},
    'https://sqs-fips.us-west-2.amazonaws.com/111122223333/jobs',
    'sqs-fips.us-west-2.amazonaws.com',
  ],
  [
    'the FIPS endpoint of the environment',
    { AWS_USE_FIPS_ENDPOINT: 'true' },
    STANDARD,
    'sqs-fips.us-west-2.amazonaws.com',
  ],
  [
    'the dual-stack endpoint of the environment',
    { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
    STANDARD,
    'sqs.us-west-2.api.aws',
  ],
  [
    'the dual-stack FIPS endpoint of the environment',
    { AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true' },
    STANDARD,
    'sqs-fips.us-west-2.api.aws',
  ],
  ['an endpoint of your own', { AWS_ENDPOINT_URL_SQS: 'https://sqs.internal' }, STANDARD, 'sqs.internal'],
  [
    'the host of the queue URL although a variable says false',
    { AWS_USE_FIPS_ENDPOINT: 'false', AWS_ENDPOINT_URL: '' },
    STANDARD,
    'sqs.us-west-2.amazonaws.com',
  ],
])('sends calls to %s', async (_, env, queueUrl, expected) => {
  expect(await hostOf(env, queueUrl)).toBe(expected);
});
