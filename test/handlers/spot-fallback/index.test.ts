import { ECSClient } from '@aws-sdk/client-ecs';
import { SQSClient } from '@aws-sdk/client-sqs';
import { handler } from '../../../src/handlers/spot-fallback';

const environment = {
  FILEWORKS_CLUSTER: 'cluster',
  FILEWORKS_SERVICE: 'worker',
  FILEWORKS_CAPACITY_STRATEGY:
    '[{"capacityProvider":"FARGATE","base":1,"weight":0},{"capacityProvider":"FARGATE_SPOT","weight":1}]',
  FILEWORKS_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/111122223333/failures.fifo',
  FILEWORKS_HOLD_SECONDS: '3600',
};
/** As ECS describes it, with numbers where the template has none, and in any order. */
const spot = [
  { capacityProvider: 'FARGATE_SPOT', base: 0, weight: 1 },
  { capacityProvider: 'FARGATE', base: 1, weight: 0 },
];
const onDemand = [{ capacityProvider: 'FARGATE', base: 0, weight: 1 }];

const updates: unknown[] = [];
let hidden: Record<string, number>;
let service: { readonly status: string; readonly capacityProviderStrategy?: object[] };
let refused: Error | undefined;

function answer(client: { readonly prototype: object }, reply: (name: string, input: never) => unknown): void {
  jest
    .spyOn(client.prototype as { send: (command: { readonly input: unknown }) => Promise<unknown> }, 'send')
    .mockImplementation((command) =>
      Promise.resolve().then(() => reply(command.constructor.name, command.input as never)),
    );
}

beforeEach(() => {
  updates.length = 0;
  hidden = {};
  refused = undefined;
  service = { status: 'ACTIVE', capacityProviderStrategy: spot };
  Object.assign(process.env, environment);
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  answer(ECSClient, (name, input) => {
    if (name === 'DescribeServicesCommand') {
      return { services: [service] };
    }
    if (refused) {
      throw refused;
    }
    updates.push(input);
    return {};
  });
  answer(
    SQSClient,
    (_, { Entries }: { readonly Entries: { readonly Id: string; readonly VisibilityTimeout: number }[] }) => {
      for (const { Id, VisibilityTimeout } of Entries) {
        hidden[Id] = VisibilityTimeout;
      }
      return {};
    },
  );
});

/** Failures that came so many seconds ago, as Lambda hands them over together. */
const look = (...agesSeconds: number[]) =>
  handler({
    Records: agesSeconds.map((age, i) => ({
      messageId: `m${i}`,
      receiptHandle: `r${i}`,
      attributes: { SentTimestamp: String(Date.now() - age * 1_000) },
    })),
  });
const kept = (count: number) => ({
  batchItemFailures: Array.from({ length: count }, (_, i) => ({ itemIdentifier: `m${i}` })),
});

it('runs the service on demand after a failure, and looks again after five minutes', async () => {
  expect(await look(0)).toEqual(kept(1));
  const strategy = [{ capacityProvider: 'FARGATE', weight: 1 }];
  expect(updates).toEqual([
    { cluster: 'cluster', service: 'worker', capacityProviderStrategy: strategy, forceNewDeployment: true },
  ]);
  expect(hidden).toEqual({ m0: 300 });
});

it('starts no second deployment while the service runs on demand', async () => {
  service = { status: 'ACTIVE', capacityProviderStrategy: onDemand };
  expect(await look(300)).toEqual(kept(1));
  expect(updates).toEqual([]);
});

it('falls back again when an update of the stack has put Spot back meanwhile', async () => {
  await look(300);
  expect(updates).toMatchObject([{ capacityProviderStrategy: [{ capacityProvider: 'FARGATE' }] }]);
});

it('gives the service back as the template has it, an hour after the last failure', async () => {
  service = { status: 'ACTIVE', capacityProviderStrategy: onDemand };
  expect(await look(3_600)).toEqual(kept(0));
  const strategy = [
    { capacityProvider: 'FARGATE', base: 1, weight: 0 },
    { capacityProvider: 'FARGATE_SPOT', weight: 1 },
  ];
  expect(updates).toEqual([
    { cluster: 'cluster', service: 'worker', capacityProviderStrategy: strategy, forceNewDeployment: true },
  ]);
});

it('counts from the last of several failures, and hides all of them until then', async () => {
  service = { status: 'ACTIVE', capacityProviderStrategy: onDemand };
  expect(await look(3_900, 3_480)).toEqual(kept(2));
  expect(updates).toEqual([]);
  expect(hidden).toEqual({ m0: 120, m1: 120 });
});

it('changes nothing when the service already runs on Spot', async () => {
  expect(await look(4_000)).toEqual(kept(0));
  expect(updates).toEqual([]);
});

it('leaves a service alone that is being deleted', async () => {
  service = { status: 'DRAINING', capacityProviderStrategy: spot };
  await look(0);
  expect(updates).toEqual([]);
});

it('fails when ECS refuses, so that the message is redelivered after its visibility timeout', async () => {
  refused = new Error('AccessDenied');
  await expect(look(0)).rejects.toThrow('AccessDenied');
  expect(hidden).toEqual({});
});
