import { ECSClient } from '@aws-sdk/client-ecs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { AlertClock } from '../../../src/contract/task-alerts';
import { handler } from '../../../src/handlers/task-alerts';
import { localDynamoDb, type LocalDynamoDb } from '../../formats/support/local-dynamodb';
import { createAlertTable } from '../../support/alert-table';
import { taskStopped } from './events';

jest.setTimeout(120_000);

const environment = {
  FILEWORKS_ALERTS_NAME: 'Pipeline/Alerts',
  FILEWORKS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:111122223333:alerts',
  FILEWORKS_DEAD_LETTER_QUEUE_URL: 'https://sqs/dead',
  FILEWORKS_ALERTS: 'NonZeroExit,SpotInterruption',
  FILEWORKS_ALERT_LAYOUT: 'Text',
  FILEWORKS_EXPECTED_EXIT_CODES: '0,143',
  FILEWORKS_MAX_ALERTS: '4',
  FILEWORKS_MAX_ALERTS_PER_GROUP: '2',
  FILEWORKS_ALERT_PERIOD_SECONDS: '900',
  FILEWORKS_RUNBOOK_URL: 'https://example.com/runbook',
};
const START = Date.parse('2026-11-30T00:00:00Z');

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: Record<string, unknown>;
}
interface Published {
  readonly Subject: string;
  readonly Message: string;
  readonly MessageAttributes: Record<string, { DataType: string; StringValue: string }>;
}

const published: Published[] = [];
const lines: string[] = [];
/** Messages in the dead-letter queue by receipt, and those that were released. */
const deadLetters = new Map<string, string>();
const released: unknown[] = [];
/** Receipts that the run of the clock has received. */
const seen = new Set<string>();
let failure: string | undefined;
let describeFails = false;
let tableFails = false;
let tables = 0;
let now: number;
let dynamoDb: LocalDynamoDb;
let sendToTable: (command: Command) => Promise<unknown>;

function answer(
  client: { readonly prototype: object },
  reply: (name: string, input: Record<string, unknown>, command: Command) => unknown,
): void {
  jest
    .spyOn(client.prototype as { send: (command: Command) => Promise<unknown> }, 'send')
    .mockImplementation((command) =>
      Promise.resolve().then(() => reply(command.constructor.name, command.input, command)),
    );
}

beforeAll(async () => {
  dynamoDb = await localDynamoDb();
  // Its own, unlike that of the clients of the function, which fails when the table does
  sendToTable = dynamoDb.client.send.bind(dynamoDb.client) as never;
  dynamoDb.client.send = sendToTable as never;
});
afterAll(() => dynamoDb.stop());

beforeEach(async () => {
  published.length = 0;
  lines.length = 0;
  released.length = 0;
  deadLetters.clear();
  failure = undefined;
  describeFails = false;
  tableFails = false;
  now = START;
  const tableName = `alerts-${++tables}`;
  await createAlertTable(dynamoDb.client, tableName);
  Object.assign(process.env, environment, { FILEWORKS_TABLE_NAME: tableName });
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  answer(DynamoDBClient, (_, __, command) => {
    if (tableFails) {
      throw new Error('table denied');
    }
    return sendToTable(command);
  });
  answer(ECSClient, () => {
    if (describeFails) {
      throw new Error('AccessDenied');
    }
    const options = { 'awslogs-group': '/files/un packer', 'awslogs-stream-prefix': 'worker' };
    return {
      taskDefinition: {
        containerDefinitions: [
          { name: 'Worker', logConfiguration: { options } },
          { name: 'Agent', logConfiguration: { options } },
          { name: 'Silent' },
        ],
      },
    };
  });
  answer(SNSClient, (_, input) => {
    if (failure !== undefined) {
      throw new Error(failure);
    }
    published.push(input as unknown as Published);
    return {};
  });
  answer(SQSClient, (name, input) => {
    if (name === 'ReceiveMessageCommand') {
      const found = [...deadLetters].filter(([receipt]) => !seen.has(receipt));
      found.forEach(([receipt]) => seen.add(receipt));
      return { Messages: found.map(([ReceiptHandle, Body]) => ({ ReceiptHandle, Body, MessageId: ReceiptHandle })) };
    }
    if (name === 'DeleteMessageCommand') {
      deadLetters.delete(input['ReceiptHandle'] as string);
    } else {
      released.push(input['ReceiptHandle']);
    }
    return {};
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  for (const name of [...Object.keys(environment), 'FILEWORKS_TABLE_NAME']) {
    Reflect.deleteProperty(process.env, name);
  }
});

const stop = (version: number) => handler(taskStopped({ version }));
const pass = (minutes: number) => {
  now += minutes * 60_000;
  seen.clear();
  return handler(AlertClock);
};
const metric = (name: string) => lines.filter((line) => line.includes('"_aws"') && line.includes(`"${name}":1`)).length;

describe('the alerts function', () => {
  it('publishes an alert with links to the task, the log of what failed and the runbook', async () => {
    await stop(1);
    expect(published).toHaveLength(1);
    expect(published[0].Subject).toBe('ERROR: A task of Unpacker exited with code 1');
    expect(published[0].Message.split('\n').slice(-3)).toEqual([
      'Task: https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/files/tasks/0123abcd?region=eu-west-1',
      'Log of Worker: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Ffiles$252Fun$2520packer' +
        '/log-events/worker$252FWorker$252F0123abcd',
      'Runbook: https://example.com/runbook',
    ]);
    expect(published[0].MessageAttributes).toMatchObject({
      severity: { StringValue: 'ERROR' },
      kind: { StringValue: 'NonZeroExit' },
      group: { StringValue: 'Unpacker' },
    });
  });

  it('sends one alert for an event that is sent twice', async () => {
    await stop(1);
    await stop(1);
    expect(published).toHaveLength(1);
  });

  it.each([
    ['null', null],
    ['no detail', { region: 'eu-west-1' }],
    ['a region that would lead elsewhere', { ...taskStopped(), region: 'evil.example/' }],
    ['a task without an ARN', taskStopped({ taskArn: undefined })],
    ['containers that are none', taskStopped({ containers: [null] as never })],
  ])('throws a RangeError that names the problem for %s, and sends no alert', async (_, event) => {
    await expect(handler(event)).rejects.toThrow(RangeError);
    expect(published).toEqual([]);
  });

  it('makes no call for an event that is of no interest', async () => {
    tableFails = true;
    await handler(taskStopped({ containers: [{ name: 'Worker', exitCode: 0 }] }));
    expect(published).toEqual([]);
  });

  it('says in the last alert of a group that further ones follow in a digest, and sends it', async () => {
    for (const version of [1, 2, 3, 4]) {
      await stop(version);
    }
    expect(published).toHaveLength(2);
    expect(published[0].Message).not.toContain('digest');
    expect(published[1].Message).toMatch(
      /This is the last ERROR alert of Unpacker until 2026-11-30T00:15:00\.000Z\. Further ones are then sent in a digest\.$/,
    );
    expect(metric('AlertsHeldBack')).toBe(2);
    await pass(14);
    expect(published).toHaveLength(2);
    await pass(1);
    expect(published.slice(2).map(({ Subject }) => Subject)).toEqual(['ERROR: 2 ERROR alerts of Unpacker held back']);
    expect(published[2].MessageAttributes).toEqual({
      severity: { DataType: 'String', StringValue: 'ERROR' },
      kind: { DataType: 'String.Array', StringValue: '["Digest","NonZeroExit"]' },
      group: { DataType: 'String.Array', StringValue: '["Unpacker"]' },
    });
    await pass(1);
    expect(published).toHaveLength(3);
  });

  it('holds back what the topic does not accept, until it does, without an error of its own', async () => {
    failure = 'Throttled';
    await stop(1);
    await stop(1);
    await pass(1);
    await pass(1);
    expect(metric('AlertsUndelivered')).toBe(3);
    failure = undefined;
    await pass(1);
    expect(published.map(({ Message }) => Message)).toEqual([
      expect.stringContaining('1 could not be published when they occurred'),
    ]);
    await stop(1);
    expect(published).toHaveLength(1);
  });

  it('throws while the table is unavailable, so that the event is handled again', async () => {
    tableFails = true;
    await expect(stop(1)).rejects.toThrow('table denied');
    await pass(1);
    expect(metric('AlertsUndelivered')).toBe(1);
    tableFails = false;
    await stop(1);
    expect(published).toHaveLength(1);
  });

  it('sends an alert without links to logs when it may not read the task definition', async () => {
    describeFails = true;
    await stop(1);
    expect(published[0].Message).not.toContain('Log of');
    expect(published[0].Message).toContain('Runbook: ');
  });
});

describe('the dead-letter queue', () => {
  it('is handled again, as EventBridge and as Lambda write it, except for what cannot be read', async () => {
    deadLetters.set('by EventBridge', JSON.stringify(taskStopped({ version: 1 })));
    deadLetters.set('no event', '{"region":"eu-west-1"}');
    deadLetters.set('no JSON', '{');
    deadLetters.set('by Lambda', JSON.stringify({ version: '1.0', requestPayload: taskStopped({ version: 2 }) }));
    deadLetters.set('of the clock', JSON.stringify({ requestPayload: AlertClock }));
    await pass(1);
    expect(published).toHaveLength(2);
    expect([...deadLetters.keys()]).toEqual(['no event', 'no JSON']);
    expect(released).toEqual(['no event', 'no JSON']);
  });

  it('is not read while digests cannot be sent', async () => {
    deadLetters.set('one', JSON.stringify(taskStopped()));
    tableFails = true;
    await pass(1);
    expect(seen.size).toBe(0);
    tableFails = false;
    await pass(1);
    expect(deadLetters.size).toBe(0);
  });

  it('keeps an event whose handling fails, and those after it', async () => {
    deadLetters.set('one', JSON.stringify(taskStopped({ version: 1 })));
    deadLetters.set('two', JSON.stringify(taskStopped({ version: 2 })));
    answer(DynamoDBClient, (name) => {
      if (name !== 'QueryCommand') {
        throw new Error('writes denied');
      }
      return {};
    });
    await pass(1);
    expect([...deadLetters.keys()]).toEqual(['one', 'two']);
    expect(released).toEqual(['one', 'two']);
  });
});
