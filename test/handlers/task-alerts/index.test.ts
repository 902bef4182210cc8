import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SNSClient } from '@aws-sdk/client-sns';
import { handler } from '../../../src/handlers/task-alerts';
import { taskStopped } from './events';

const environment = {
  FILEWORKS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:111122223333:alerts',
  FILEWORKS_TABLE_NAME: 'alerts',
  FILEWORKS_ALERTS: 'NonZeroExit,SpotInterruption',
  FILEWORKS_ALERT_LAYOUT: 'Text',
  FILEWORKS_EXPECTED_EXIT_CODES: '0,143',
  FILEWORKS_MAX_ALERTS: '2',
  FILEWORKS_ALERT_PERIOD_SECONDS: '900',
  FILEWORKS_RUNBOOK_URL: 'https://example.com/runbook',
};

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: Record<string, unknown>;
}
interface Published {
  readonly Subject: string;
  readonly Message: string;
  readonly MessageAttributes: Record<string, { StringValue: string }>;
}
interface Key {
  readonly id: { readonly S: string };
}

const published: Published[] = [];
const table = new Map<string, number>();
const lines: string[] = [];
let publishFails = false;
let describeFails = false;

function answer(
  client: { readonly prototype: object },
  reply: (name: string, input: Record<string, unknown>) => unknown,
): void {
  jest
    .spyOn(client.prototype as { send: (command: Command) => Promise<unknown> }, 'send')
    .mockImplementation((command) => Promise.resolve().then(() => reply(command.constructor.name, command.input)));
}

beforeEach(() => {
  published.length = 0;
  lines.length = 0;
  table.clear();
  publishFails = false;
  describeFails = false;
  Object.assign(process.env, environment);
  jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  answer(DynamoDBClient, (name, input) => {
    if (name === 'PutItemCommand') {
      table.set((input['Item'] as Key).id.S, 1);
      return {};
    }
    const { S: id } = (input['Key'] as Key).id;
    if (name === 'GetItemCommand') {
      return table.has(id) ? { Item: {} } : {};
    }
    table.set(id, (table.get(id) ?? 0) + 1);
    return { Attributes: { alerts: { N: String(table.get(id)) } } };
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
    if (publishFails) {
      throw new Error('Throttled');
    }
    published.push(input as unknown as Published);
    return {};
  });
});

afterEach(() => {
  jest.restoreAllMocks();
  for (const name of Object.keys(environment)) {
    Reflect.deleteProperty(process.env, name);
  }
});

const stop = (version: number) => handler(taskStopped({ version }));

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
    await handler(taskStopped({ containers: [{ name: 'Worker', exitCode: 0 }] }));
    expect(published).toEqual([]);
    expect(table.size).toBe(0);
  });

  it('says in the last alert of a period that there will be no more, and logs the others', async () => {
    for (const version of [1, 2, 3, 4]) {
      await stop(version);
    }
    expect(published).toHaveLength(2);
    expect(published[0].Message).not.toContain('of its period');
    expect(published[1].Message).toMatch(
      /This is alert 2 of its period, the maximum\. Until 2\S+Z, further alerts are only written to the log of this function\.$/,
    );
    expect(lines.filter((line) => line.includes('not sent: alert limit of this period reached'))).toHaveLength(2);
  });

  it('sends the alert again after a failure, so that no alert is lost', async () => {
    publishFails = true;
    await expect(stop(1)).rejects.toThrow('Throttled');
    publishFails = false;
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
