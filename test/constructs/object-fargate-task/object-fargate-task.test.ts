import { Duration } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import jsonata from 'jsonata';
import {
  FileIngestBucket,
  IngestTarget,
  ObjectFargateTask,
  SpotStrategy,
  type ObjectFargateTaskProps,
} from '../../../src';
import { createTestApp, image, resourceCount, synth, type TestApp } from '../../support/cdk-stacks';

function createTask(props: Partial<ObjectFargateTaskProps> = {}, test: TestApp = createTestApp()): ObjectFargateTask {
  return new ObjectFargateTask(test.stack, 'Converter', { cluster: test.cluster, image, ...props });
}

function templateOf(props: Partial<ObjectFargateTaskProps> = {}, test: TestApp = createTestApp()): Template {
  createTask(props, test);
  return synth(test);
}

interface ContainerOverride {
  readonly Name: string;
  readonly Environment: readonly { readonly Name: string; readonly Value: string }[];
}
interface State {
  readonly Arguments: { readonly Overrides: { readonly ContainerOverrides: readonly ContainerOverride[] } };
  readonly Branches: readonly Definition[];
  readonly [field: string]: unknown;
}
interface PolicyResource {
  readonly Properties: {
    readonly Roles: readonly { readonly Ref: string }[];
    readonly PolicyDocument: { readonly Statement: readonly { readonly Action: string | string[] }[] };
  };
}
interface Definition {
  readonly StartAt: string;
  readonly QueryLanguage: string;
  readonly States: Record<string, State>;
}

/** The state machine, with every reference as its JSON. */
function definitionOf(template: Template): Definition {
  const [machine] = Object.values(template.findResources('AWS::StepFunctions::StateMachine')) as {
    Properties: { DefinitionString: { 'Fn::Join': [string, unknown[]] } };
  }[];
  const text = machine.Properties.DefinitionString['Fn::Join'][1]
    .map((part) => (typeof part === 'string' ? part : JSON.stringify(part).replace(/"/g, "'")))
    .join('');
  return JSON.parse(text) as Definition;
}

/** What the container finds, for this event. */
async function environmentFor(work: State, event: object): Promise<Record<string, unknown>> {
  const [{ Environment: variables }] = work.Arguments.Overrides.ContainerOverrides;
  const evaluate = async (text: string) =>
    text.startsWith('{%')
      ? (jsonata(text.slice(2, -2)).evaluate(
          {},
          { states: { input: event, context: { Execution: { Input: event } } } },
        ) as Promise<unknown>)
      : text;
  return Object.fromEntries(
    await Promise.all(variables.map(async ({ Name: name, Value: value }) => [name, await evaluate(value)] as const)),
  );
}

describe('ObjectFargateTask with defaults', () => {
  const template = templateOf();
  const { StartAt: start, States: states } = definitionOf(template);
  const work = states['Work'];

  it('adds 14 resources, none of them a function', () => {
    expect(resourceCount(template)).toBe(14);
    template.resourceCountIs('AWS::Lambda::Function', 0);
  });

  it('runs a task on Spot, waits for it and is done with its end', () => {
    expect(start).toBe('Work');
    expect(work).toMatchObject({
      Resource: "arn:{'Ref':'AWS::Partition'}:states:::ecs:runTask.sync",
      Arguments: {
        CapacityProviderStrategy: [{ CapacityProvider: 'FARGATE_SPOT', Weight: 1 }],
        Overrides: { ContainerOverrides: [{ Name: 'Task' }] },
      },
      Next: 'Done',
    });
  });

  it('tells the container of the object by its environment, every character of it', async () => {
    const event = {
      id: 'event-1',
      detail: {
        bucket: { name: 'inbox' },
        object: {
          key: 'in/Ünï "quoted" + {% $x %} \\ $states.mov',
          size: 5_000_000_001,
          etag: 'e',
          'version-id': 'v',
          sequencer: '0A',
        },
        reason: 'PutObject',
      },
    };
    expect(await environmentFor(work, event)).toEqual({
      FILEWORKS_FILE_BUCKET: 'inbox',
      FILEWORKS_FILE_KEY: 'in/Ünï "quoted" + {% $x %} \\ $states.mov',
      FILEWORKS_FILE_VERSION_ID: 'v',
      FILEWORKS_FILE_SIZE: '5000000001',
      FILEWORKS_FILE_ETAG: 'e',
      FILEWORKS_FILE_SEQUENCER: '0A',
      FILEWORKS_FILE_REASON: 'PutObject',
      FILEWORKS_CORRELATION_ID: 'event-1',
      FILEWORKS_TASK_NAME: 'Pipeline/Converter',
      FILEWORKS_UNAVAILABLE_SECONDS: '',
    });
  });

  it('gives empty texts for what an event does not say', async () => {
    const variables = await environmentFor(work, {
      id: 'event-1',
      detail: { bucket: { name: 'inbox' }, object: { key: 'a', size: 0 } },
    });
    expect(variables).toMatchObject({
      FILEWORKS_FILE_SIZE: '0',
      FILEWORKS_FILE_VERSION_ID: '',
      FILEWORKS_FILE_REASON: '',
    });
  });

  it('is in ALARM while objects wait for a dependency', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Metrics: [
        Match.objectLike({
          Expression: 'IF(FILL(unavailable, 0) > FILL(answered, 1000000000), 0, FILL(unavailable, 0))',
          ReturnData: true,
        }),
        Match.objectLike({
          Id: 'unavailable',
          MetricStat: Match.objectLike({
            Metric: Match.objectLike({
              MetricName: 'DependencyUnavailableTime',
              Dimensions: [{ Name: 'Task', Value: 'Pipeline/Converter' }],
            }),
          }),
        }),
        Match.objectLike({
          Id: 'answered',
          MetricStat: Match.objectLike({
            Metric: Match.objectLike({ MetricName: 'DependencyAnsweredTime' }),
            Stat: 'Minimum',
          }),
        }),
      ],
      EvaluationPeriods: 6,
      DatapointsToAlarm: 5,
      AlarmDescription: Match.stringLikeRegexp('^Objects of Pipeline/Converter wait for a dependency'),
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'cloudwatch:PutMetricData',
            Condition: { StringEquals: { 'cloudwatch:namespace': 'Fileworks' } },
          }),
        ]),
      },
    });
  });

  it('puts the event of an object whose task fails each time into the dead-letter queue, and fails with the same reason', async () => {
    expect(work['Catch']).toMatchObject([{ ErrorEquals: ['States.ALL'], Next: 'Verdict' }]);
    expect(states['Verdict']).toMatchObject({ Default: 'DeadLetter' });
    expect(states['DeadLetter']).toMatchObject({
      Resource: "arn:{'Ref':'AWS::Partition'}:states:::sqs:sendMessage",
      Arguments: { QueueUrl: expect.stringMatching(/ConverterDeadLetterQueue/) as string },
      Next: 'Failed',
    });
    const { MessageBody: body } = states['DeadLetter'].Arguments as unknown as { MessageBody: string };
    const sent: unknown = await jsonata(body.slice(2, -2)).evaluate(
      {},
      { states: { context: { Execution: { Input: { id: 'event-1' } } } } },
    );
    expect(sent).toBe('{"id":"event-1"}');
    expect(states['Failed']).toMatchObject({
      Type: 'Fail',
      Error: '{% $states.input.Error %}',
      Cause: '{% $states.input.Cause %}',
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp(
        '^The tasks of some objects of Pipeline/Converter failed, and their events are in its dead-letter queue',
      ),
    });
  });

  it('lets the state machine start this task, wait for it and send to this dead-letter queue, and no more', () => {
    const policies = Object.values(template.findResources('AWS::IAM::Policy')) as PolicyResource[];
    const ofMachine = policies.filter(({ Properties: { Roles: roles } }) =>
      roles[0].Ref.startsWith('ConverterStateMachine'),
    );
    expect(
      ofMachine
        .flatMap(
          ({
            Properties: {
              PolicyDocument: { Statement: statements },
            },
          }) => statements.flatMap(({ Action: actions }) => actions),
        )
        .filter((action) => !/^(logs|xray):/.test(action)),
    ).toEqual([
      'iam:PassRole',
      'ecs:RunTask',
      'ecs:TagResource',
      'ecs:DescribeTasks',
      'ecs:StopTask',
      'events:PutTargets',
      'events:PutRule',
      'events:DescribeRule',
      'cloudwatch:PutMetricData',
      'sqs:SendMessage',
    ]);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'sqs:SendMessage',
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^ConverterDeadLetterQueue'), 'Arn'] },
          }),
        ]),
      },
    });
  });

  it('runs a container with a read-only root, a writable /tmp and 120 seconds to stop', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Name: 'Task',
          ReadonlyRootFilesystem: true,
          StopTimeout: 120,
          MountPoints: [Match.objectLike({ ContainerPath: '/tmp' })],
        }),
      ],
    });
  });
});

describe('ObjectFargateTask with options', () => {
  it('runs the task beside a clock when there is a longest time, and what fails there goes to the dead-letter queue too', () => {
    const props = { maxDuration: Duration.minutes(90), retries: 0, capacity: SpotStrategy.onDemand() };
    const {
      States: { Work: work, Done: done },
    } = definitionOf(templateOf(props));
    expect(work).toMatchObject({
      Type: 'Parallel',
      Catch: [
        { ErrorEquals: ['Finished'], Next: 'Done' },
        { ErrorEquals: ['States.ALL'], Next: 'Verdict' },
      ],
      End: true,
    });
    expect(work.Branches[1].States).toMatchObject({
      Clock: { Seconds: expect.stringContaining('5400') as string },
      TookTooLong: { Cause: 'The task was not done after 90 minutes' },
    });
    const { RunTask: runTask } = work.Branches[0].States;
    expect(runTask).toMatchObject({
      Arguments: { CapacityProviderStrategy: [{ CapacityProvider: 'FARGATE', Weight: 1 }] },
      Next: 'TaskEnded',
    });
    expect(done).toEqual({ Type: 'Succeed' });
  });

  it('takes a task definition with its own container', () => {
    const test = createTestApp();
    const taskDefinition = new ecs.FargateTaskDefinition(test.stack, 'Own');
    taskDefinition.addContainer('Convert', { image });
    const {
      States: { Work: work },
    } = definitionOf(templateOf({ taskDefinition, image: undefined }, test));
    expect(work.Arguments.Overrides.ContainerOverrides[0].Name).toBe('Convert');
  });

  it('lets an operator start the work again', () => {
    const test = createTestApp();
    const task = createTask({}, test);
    task.grantRun(new iam.Role(test.stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() }));
    expect(task.metricFailedObjects().metricName).toBe('ApproximateNumberOfMessagesVisible');
    expect(task.metricDuration().metricName).toBe('ExecutionTime');
    const template = synth(test);
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^Operator') }],
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Action: 'states:StartExecution',
            Resource: { Ref: Match.stringLikeRegexp('^ConverterStateMachine') },
          }),
        ],
      },
    });
  });

  it('may store results, and read them to know whether they are stored', () => {
    const test = createTestApp();
    createTask({}, test).grantStoreResults(new s3.Bucket(test.stack, 'Results'), 'out/');
    synth(test).hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^ConverterTaskDefinitionTaskRole') }],
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Action: 's3:DeleteObject',
            Resource: { 'Fn::Join': ['', Match.arrayWith(['/out/*.part/*'])] },
          }),
          Match.objectLike({
            Action: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObject'],
            Resource: { 'Fn::Join': ['', Match.arrayWith(['/out/*'])] },
          }),
        ],
      },
    });
  });

  it('is the target of a route, which adds 4 resources, starts an execution for each event and lets the task read its objects', () => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    inbox.addRoute('Videos', { prefixes: ['in/'], target: IngestTarget.fargateTask(createTask({}, test)) });
    const template = synth(test);
    expect(resourceCount(template)).toBe(5 + 14 + 4);
    template.hasResourceProperties('AWS::Events::Rule', {
      Targets: [
        Match.objectLike({
          Arn: { Ref: Match.stringLikeRegexp('^ConverterStateMachine') },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^InboxDeadLetterQueue'), 'Arn'] } },
          Input: Match.absent(),
          InputTransformer: Match.absent(),
        }),
      ],
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^ConverterTaskDefinitionTaskRole') }],
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Action: ['s3:GetObject', 's3:GetObjectVersion'],
            Resource: { 'Fn::Join': ['', Match.arrayWith(['/in/*'])] },
          }),
        ],
      },
    });
  });
});

describe('ObjectFargateTask throws', () => {
  it.each<[string, Partial<ObjectFargateTaskProps>]>([
    ['retries must be a whole number from 0 to 10, got: 11 [at Pipeline/Converter]', { retries: 11 }],
    [
      'maxDuration must be a whole number of seconds from 60 to 604800, got: 30 [at Pipeline/Converter]',
      { maxDuration: Duration.seconds(30) },
    ],
    [
      'maxDependencyWait must be a whole number of seconds from 60 to 604800, got: 691200 [at Pipeline/Converter]',
      { maxDependencyWait: Duration.days(8) },
    ],
    ['image is missing; set image, or taskDefinition with a container [at Pipeline/Converter]', { image: undefined }],
    [
      'environment cannot hold FILEWORKS_FILE_KEY, which the construct sets; set the corresponding prop [at Pipeline/Converter]',
      { environment: { FILEWORKS_FILE_KEY: 'a' } },
    ],
    [
      'stopTimeout must be a whole number of seconds from 2 to 120, got: 121 [at Pipeline/Converter]',
      { stopTimeout: Duration.seconds(121) },
    ],
  ])('%s', (message, props) => {
    expect(() => createTask(props)).toThrow(new Error(message));
  });
});
