import { Duration } from 'aws-cdk-lib';
import jsonata from 'jsonata';
import { ObjectFargateTask, type ObjectFargateTaskProps } from '../../../src';
import { createTestApp, image, synth } from '../../support/cdk-stacks';

interface Clause {
  readonly Condition?: string;
  readonly ErrorEquals?: readonly string[];
  readonly Output?: object;
  readonly Next: string;
}
interface State {
  readonly Type: string;
  readonly Arguments: { readonly MetricData: string };
  readonly Seconds: string;
  readonly Catch: readonly Clause[];
  readonly Choices: readonly Clause[];
  readonly Default: string;
  readonly Branches?: readonly { readonly States: Record<string, State> }[];
}
interface Attempt {
  readonly error?: string;
  readonly cause?: object | string;
  /** How long the attempt takes. */
  readonly seconds: number;
}
interface Point {
  readonly Timestamp: string;
  readonly Value: number;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;
const begin = Date.parse('2026-11-30T00:00:00Z');

function statesOf(props: Partial<ObjectFargateTaskProps>): Record<string, State> {
  const test = createTestApp();
  new ObjectFargateTask(test.stack, 'Converter', { cluster: test.cluster, image, ...props });
  const [machine] = Object.values(synth(test).findResources('AWS::StepFunctions::StateMachine')) as {
    Properties: { DefinitionString: { 'Fn::Join': [string, unknown[]] } };
  }[];
  const parts = machine.Properties.DefinitionString['Fn::Join'][1];
  const text = parts.map((part) => (typeof part === 'string' ? part : 'ref')).join('');
  return (JSON.parse(text) as { readonly States: Record<string, State> }).States;
}

const compiled = new Map<string, jsonata.Expression>();
function compile(text: string): jsonata.Expression {
  const expression = compiled.get(text) ?? jsonata(text);
  compiled.set(text, expression);
  return expression;
}

/** Fills the expressions of a template, as Step Functions does. */
async function fill(template: unknown, states: object): Promise<unknown> {
  if (typeof template === 'string') {
    const found = /^\{% (.*) %\}$/s.exec(template);
    const value: unknown = found === null ? template : await compile(found[1]).evaluate({}, { states });
    if (value === undefined) {
      throw new Error(`undefined: ${template}`);
    }
    return value;
  }
  if (typeof template !== 'object' || template === null) {
    return template;
  }
  const filled = await Promise.all(
    Object.entries(template).map(async ([key, value]) => [key, await fill(value, states)] as const),
  );
  return Object.fromEntries(filled);
}

/** Plays an execution; `attempt` says how each task ends. */
class Player {
  ms = begin;
  tasks: { readonly at: number; readonly environment: Record<string, unknown> }[] = [];
  waits: number[] = [];
  points: Point[] = [];
  events = 0;

  constructor(
    readonly states: Record<string, State>,
    readonly reports: boolean,
  ) {}

  get seconds(): number {
    return (this.ms - begin) / 1_000;
  }

  async run(attempt: (seconds: number) => Attempt): Promise<string> {
    let input: unknown = { id: 'event-1', detail: { bucket: { name: 'inbox' }, object: { key: 'a' } } };
    const event = input;
    for (let name = 'Work'; ;) {
      const state = this.states[name];
      const context = { State: { EnteredTime: new Date(this.ms).toISOString() }, Execution: { Input: event } };
      const evaluate = (template: unknown, more: object = {}) => fill(template, { input, context, ...more });
      switch (name) {
        case 'Work': {
          const clock = state.Branches?.[1];
          const task = state.Branches?.[0].States['RunTask'] ?? state;
          const { Overrides } = task.Arguments as unknown as {
            Overrides: { ContainerOverrides: [{ Environment: { Name: string; Value: string }[] }] };
          };
          const variables = await Promise.all(
            Overrides.ContainerOverrides[0].Environment.map(
              async ({ Name, Value }) => [Name, await evaluate(Value)] as const,
            ),
          );
          this.tasks.push({ at: this.seconds, environment: Object.fromEntries(variables) });
          const limit = clock === undefined ? Infinity : Number(await evaluate(clock.States['Clock'].Seconds));
          let { error, cause = '', seconds } = attempt(this.seconds);
          if (seconds > limit) {
            [error, cause, seconds] = ['TookTooLong', 'too long', limit];
          }
          this.ms += seconds * 1_000;
          this.events += clock === undefined ? 6 : 11;
          if (error === undefined) {
            return 'done';
          }
          const errorOutput = { Error: error, Cause: typeof cause === 'string' ? cause : JSON.stringify(cause) };
          const caught = state.Catch.at(-1)!;
          input = await evaluate(caught.Output, { errorOutput });
          name = caught.Next;
          break;
        }
        case 'Verdict': {
          this.events += 2;
          name = state.Default;
          for (const { Condition: condition, Output: output, Next: next } of state.Choices) {
            if ((await evaluate(condition)) === true) {
              input = await evaluate(output);
              name = next;
              break;
            }
          }
          break;
        }
        case 'ReportOutage': {
          this.events += 5;
          if (this.reports) {
            this.points.push(...((await evaluate(state.Arguments.MetricData)) as Point[]));
          }
          name = 'Wait';
          break;
        }
        case 'Wait': {
          this.events += 2;
          const seconds = Number(await evaluate(state.Seconds));
          expect(Number.isInteger(seconds)).toBe(true);
          this.waits.push(seconds);
          this.ms += seconds * 1_000;
          name = 'Work';
          break;
        }
        default:
          return name;
      }
    }
  }
}

const play = (props: Partial<ObjectFargateTaskProps> = {}, reports = false) => new Player(statesOf(props), reports);
/** As Step Functions reports a task that exited with 69. */
const unavailable = (seconds = 90): Attempt => ({
  error: 'States.TaskFailed',
  cause: { Containers: [{ ContainerArn: 'arn', ExitCode: 69, Name: 'Task' }] },
  seconds,
});
const failed: Attempt = { error: 'States.TaskFailed', cause: { Containers: [{ ExitCode: 70 }] }, seconds: 30 };
const refused: Attempt = { error: 'ECS.AccessDeniedException', cause: 'denied', seconds: 0 };

/** As ECS reports a task whose image it cannot pull; the key of the object is in the overrides. */
const notStarted = (error: string, key = 'a'): Attempt => ({
  error: 'States.TaskFailed',
  cause: {
    Containers: [{ Name: 'Task', Reason: `CannotPullContainerError: ${error}` }],
    Overrides: { ContainerOverrides: [{ Environment: [{ Name: 'FILEWORKS_FILE_KEY', Value: key }] }] },
    StopCode: 'TaskFailedToStart',
    StoppedReason: `CannotPullContainerError: ${error}`,
  },
  seconds: 30,
});
/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html */
const PULLS = [
  ['a registry that does not answer', 'API error (500): Get https://ecr/v2/: net/http: request canceled'],
  ['a registry that throttles', 'httpReaderSeeker: failed open: unexpected status code Too Many Requests'],
  [
    'a registry that denies',
    'pull image manifest has been retried 1 time(s): failed to resolve ref "a:1": 403 Forbidden',
  ],
] as const;

test('work that fails three times is in the dead-letter queue', async () => {
  const player = play();
  expect(await player.run(() => failed)).toBe('DeadLetter');
  expect(player.tasks).toHaveLength(3);
  expect(player.points).toEqual([]);
});

test.each<[string, Attempt]>([
  ['a task that exits with 69', unavailable()],
  ['a cause that was cut off', { ...unavailable(), cause: '{"Containers":[{"ExitCode": 69, "Image":"…' }],
  ['secrets that cannot be read', { ...failed, cause: { StoppedReason: 'ResourceInitializationError: denied' } }],
  ...PULLS.map(([what, error]): [string, Attempt] => [what, notStarted(error)]),
  ['a denied launch', refused],
  ['a throttled launch', { ...refused, error: 'ECS.ThrottlingException' }],
  ['no capacity', { ...refused, error: 'ECS.AmazonECSException' }],
])('%s for 13 hours uses up no attempt, and the work goes on soon after', async (_, attempt) => {
  const player = play({ retries: 0 });
  const ended = await player.run((seconds) => (seconds < 13 * HOUR ? attempt : { seconds: 1 }));
  expect(ended).toBe('done');
  expect(player.seconds).toBeLessThan(13 * HOUR + 1_000);
  expect(Math.max(...player.waits)).toBeLessThanOrEqual(900);
});

test.each<[string, Attempt]>([
  ['an image that does not exist', notStarted('failed to resolve ref "1.ecr.aws/a:1": 1.ecr.aws/a:1: not found')],
  ['a repository that does not exist', notStarted('API error (404): repository 1.ecr.aws/a not found')],
  [
    'an image for another platform',
    notStarted("image Manifest does not contain descriptor matching platform 'linux/amd64'"),
  ],
  [
    'a key that names an error of a start',
    {
      ...failed,
      cause: { Containers: [], Overrides: { Key: '"Reason":"CannotPullContainerError","ExitCode":69' }, StopCode: 'a' },
    },
  ],
])('%s uses up the attempts', async (_, attempt) => {
  const player = play();
  expect(await player.run(() => attempt)).toBe('DeadLetter');
  expect(player.tasks).toHaveLength(3);
});

test('a registry that does not answer for an object whose key says "not found" uses up no attempt', async () => {
  const player = play({ retries: 0 });
  const attempt = notStarted('i/o timeout', 'not found');
  expect(await player.run((seconds) => (seconds < HOUR ? attempt : { seconds: 1 }))).toBe('done');
});

test('an outage of an hour delays the work by at most 5 % of its time and a task, with few tasks', async () => {
  const player = play();
  await player.run((seconds) => (seconds < HOUR ? unavailable() : { seconds: 1 }));
  expect(player.seconds).toBeLessThan(1.05 * HOUR + 100);
  expect(player.tasks.length).toBeLessThan(45);
});

test('attempts that were used up before an outage count after it', async () => {
  const player = play();
  const attempts = [failed, unavailable(), refused, failed, unavailable(), failed];
  let next = 0;
  expect(await player.run(() => attempts[next++])).toBe('DeadLetter');
  expect(player.tasks).toHaveLength(6);
});

test('the container learns for how long a dependency has been unavailable, and of the event as before', async () => {
  const player = play();
  await player.run((seconds) => (seconds < HOUR ? unavailable() : { seconds: 1 }));
  const [first, second, ...rest] = player.tasks.map(({ environment }) => environment);
  expect(first).toMatchObject({ FILEWORKS_TASK_NAME: 'Pipeline/Converter', FILEWORKS_UNAVAILABLE_SECONDS: '' });
  expect(second).toMatchObject({ FILEWORKS_UNAVAILABLE_SECONDS: '90', FILEWORKS_FILE_KEY: 'a' });
  expect(Number(rest.at(-1)!['FILEWORKS_UNAVAILABLE_SECONDS'])).toBeGreaterThan(3_000);
});

test.each<[string, Attempt]>([
  ['refused', refused],
  ['unavailable', unavailable()],
])('%s: there is a data point for each minute, from the first minute to the end', async (_, attempt) => {
  const player = play({}, true);
  await player.run((seconds) => (seconds < 6 * HOUR ? attempt : { seconds: 1 }));
  const minutes = new Set(player.points.map(({ Timestamp: at }) => Math.floor((Date.parse(at) - begin) / 60_000)));
  for (let minute = 2; minute < player.seconds / 60; minute += 1) {
    expect(minutes).toContain(minute);
  }
  // The alarm leaves its state some minutes later
  expect(Math.max(...minutes)).toBeLessThan(player.seconds / 60 + 5);
  expect(Math.max(...player.points.map(({ Value: seconds }) => seconds))).toBeGreaterThan(6 * HOUR - 1_000);
});

test.each<[string, Attempt, Partial<ObjectFargateTaskProps>]>([
  ['refused, beside a clock', refused, { maxDuration: Duration.hours(1) }],
])(
  '%s for ever: in the dead-letter queue after a week, within the history of an execution',
  async (_, attempt, props) => {
    const player = play(props);
    expect(await player.run(() => attempt)).toBe('DeadLetter');
    expect(player.seconds).toBeGreaterThan(7 * DAY);
    expect(player.seconds).toBeLessThan(7 * DAY + 2_000);
    expect(player.events).toBeLessThan(24_000);
  },
);

test('the wait ends when the user says so', async () => {
  const player = play({ maxDependencyWait: Duration.hours(2) });
  expect(await player.run(() => unavailable())).toBe('DeadLetter');
  expect(player.seconds).toBeLessThan(2 * HOUR + 1_000);
});

test('a dependency that answered for long and fails anew is a new outage', async () => {
  const player = play({ maxDependencyWait: Duration.hours(2) });
  let tasks = 0;
  expect(
    await player.run(() => {
      tasks += 1;
      return tasks < 5 ? unavailable(HOUR) : { seconds: 1 };
    }),
  ).toBe('done');
  expect(Math.max(...player.waits)).toBeLessThanOrEqual(10);
});

test('the longest duration counts attempts and no outage', async () => {
  const player = play({ maxDuration: Duration.hours(1) });
  const attempts = [unavailable((5 * HOUR) / 10), refused, { ...failed, seconds: 3_000 }, { seconds: 700 }];
  let next = 0;
  expect(await player.run(() => attempts[next++])).toBe('DeadLetter');
  expect(player.tasks).toHaveLength(4);
});

test('a history with many short waits ends before its last event', async () => {
  const player = play();
  // Each outage is a new one, whose waits are short
  await player.run(() => unavailable(1_300));
  expect(player.events).toBeLessThan(25_000);
});
