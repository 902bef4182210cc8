import { Duration, Size, Stack } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { EventBus } from 'aws-cdk-lib/aws-events';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Topic } from 'aws-cdk-lib/aws-sns';
import jsonata from 'jsonata';
import {
  BatchProcessor,
  BatchSource,
  type BatchTaskProps,
  ChunkedBatchWorkflow,
  type ChunkedBatchWorkflowProps,
  FileIngestBucket,
  FilingMode,
  RunOverlap,
  SpotStrategy,
  PipelineAlarms,
} from '../../../src';
import { createTestApp, createWorker, environmentOf, image, synth, type TestApp } from '../../support/cdk-stacks';

type Props = Partial<ChunkedBatchWorkflowProps>;

const task = (test: TestApp, props: Partial<BatchTaskProps> = {}) =>
  BatchProcessor.fargateTask({ cluster: test.cluster, image, ...props });
const fn = ({ stack }: TestApp, id = 'Own') =>
  new lambda.Function(stack, id, {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = 0'),
  });

function createWorkflow(props: Props | ((test: TestApp) => Props) = {}, test = createTestApp()): ChunkedBatchWorkflow {
  const given = typeof props === 'function' ? props(test) : props;
  const bucket = given.bucket ?? new s3.Bucket(test.stack, 'Inbox');
  return new ChunkedBatchWorkflow(test.stack, 'Nightly', {
    bucket,
    prefixes: ['sales/'],
    processor: given.processor ?? task(test),
    ...given,
  });
}

function templateOf(props: Props | ((test: TestApp) => Props) = {}): Template {
  const test = createTestApp();
  createWorkflow(props, test);
  return synth(test);
}

interface State {
  readonly [field: string]: unknown;
  readonly States: Record<string, State>;
  readonly ItemProcessor: { readonly States: Record<string, State> };
}

interface MachineResource {
  readonly Properties: { readonly DefinitionString: { readonly 'Fn::Join': readonly [string, unknown[]] } };
}
interface PolicyResource {
  readonly Properties: {
    readonly Roles: readonly { readonly Ref: string }[];
    readonly PolicyDocument: { readonly Statement: Statement[] };
  };
}

/** The state machine, with every reference as its JSON. */
function definitionOf(template: Template): State {
  const [machine] = Object.values(template.findResources('AWS::StepFunctions::StateMachine')) as MachineResource[];
  const parts = machine.Properties.DefinitionString['Fn::Join'][1];
  const text = parts
    .map((part) => (typeof part === 'string' ? part : JSON.stringify(part).replace(/"/g, "'")))
    .join('');
  return JSON.parse(text) as State;
}

const prefixStates = (template: Template) => definitionOf(template).States.Prefixes.ItemProcessor.States;
const batchStates = (template: Template) => prefixStates(template).Files.ItemProcessor.States;
const evaluate = (expression: unknown, states: object) =>
  jsonata((expression as string).slice(2, -2)).evaluate({}, { states }) as Promise<unknown>;

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

function statements(template: Template, role: RegExp): Statement[] {
  const policies = Object.values(template.findResources('AWS::IAM::Policy')) as PolicyResource[];
  const own = policies.filter(({ Properties: { Roles } }) => Roles.some(({ Ref }) => role.test(Ref)));
  return own.flatMap(({ Properties: { PolicyDocument } }) => PolicyDocument.Statement);
}

/** `action resource` for each, with the keys of objects. */
const allowed = (template: Template, role: RegExp) =>
  statements(template, role)
    .flatMap(({ Action, Resource }) => {
      const place = JSON.stringify(Resource).replace(/.*"Arn"\]},"(\/[^"]*)"\].*/, '$1');
      return [Action].flat().map((action) => `${action} ${place.startsWith('/') ? place : '…'}`);
    })
    .sort();

describe('ChunkedBatchWorkflow with defaults', () => {
  const template = templateOf();

  it('lists incoming/ below the prefix and makes batches by count and bytes, of which some are in work at a time', () => {
    expect(prefixStates(template).Files).toMatchObject({
      ItemReader: {
        Resource: "arn:{'Ref':'AWS::Partition'}:states:::s3:listObjectsV2",
        Arguments: {
          Bucket: expect.stringContaining('Inbox') as string,
          Prefix: '{% $states.input.prefix & "incoming/" %}',
        },
      },
      ItemBatcher: { MaxItemsPerBatch: 100, MaxInputBytesPerBatch: 131_072 },
      MaxConcurrency: 20,
      ToleratedFailurePercentage: 50,
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
    });
    expect(definitionOf(template).States.Prefixes.MaxConcurrency).toBe(5);
  });

  it('gives each batch the same part of the input, field by field', () => {
    expect(prefixStates(template).Files.ItemBatcher).toMatchObject({
      BatchInput: {
        runId: '{% $states.input.runId %}',
        prefix: '{% $states.input.prefix %}',
        folder: '{% $states.input.folder %}',
      },
    });
  });

  it('names no state twice, in all of its maps', () => {
    const names = (states: Record<string, State>): string[] =>
      Object.entries(states).flatMap(([name, state]) => [
        name,
        ...('ItemProcessor' in state ? names(state.ItemProcessor.States) : []),
        ...((state.Branches ?? []) as State[]).flatMap((branch) => names(branch.States)),
      ]);
    const all = names(definitionOf(template).States);
    expect(all.filter((name, i) => all.indexOf(name) !== i)).toEqual([]);
  });

  it('logs where the resource policy of CloudWatch Logs stays short', () => {
    template.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: '/aws/vendedlogs/states/Pipeline/PipelineNightly91E2D4CE',
    });
  });

  it('lets the machine continue its batches when the run is redriven', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Effect: 'Allow',
            Action: 'states:RedriveExecution',
            Resource: { 'Fn::Join': ['', Match.arrayWith(['/Files:*'])] },
          },
        ]),
      },
    });
  });

  it('takes of what S3 lists only what a worker needs', async () => {
    const selector = prefixStates(template).Files.ItemSelector;
    const select = (item: object) => evaluate(selector, { context: { Map: { Item: { Value: item } } } });
    expect(await select({ Key: 'a', Size: 0, Etag: '"e"', LastModified: 1, StorageClass: 'STANDARD' })).toEqual({
      key: 'a',
      size: 0,
      etag: '"e"',
    });
    expect(await select({ key: 'a' })).toEqual({ key: 'a' });
  });

  it('leaves out empty objects, folder markers and the marker file, and begins no batch without files', async () => {
    const { HasFiles, Describe } = batchStates(template);
    const [{ Condition }] = HasFiles.Choices as { Condition: string }[];
    const {
      Body: { files },
    } = Describe.Arguments as { Body: { files: string } };
    const rest = [
      { key: 'i/a.csv', size: 1 },
      { key: 'i/READY', size: 1 },
      { key: 'i/x_READY', size: 5 },
      { key: 'i/unknown' },
    ];
    const empty = [
      { key: 'i/', size: 0 },
      { key: 'i/full/', size: 3 },
      { key: 'i/none.csv', size: 0 },
      { key: 'i/_READY', size: 2 },
      { key: 'i/sub/_READY', size: 2 },
    ];
    expect(await evaluate(files, { input: { Items: [...rest, ...empty] } })).toEqual(rest);
    expect(await evaluate(files, { input: { Items: [rest[0], ...empty] } })).toEqual([rest[0]]);
    expect(await evaluate(Condition, { input: { Items: empty } })).toBe(true);
    expect(await evaluate(Condition, { input: { Items: [rest[0]] } })).toBe(false);
  });

  it('describes the batch in an object, and gives a task on Spot the pointer to it', async () => {
    const { Describe, Work } = batchStates(template);
    const states = {
      input: { BatchInput: { runId: 'run', prefix: 'sales/', folder: 'runs/run/0/' } },
      context: { Execution: { Name: 'batch' } },
    };
    const { Key, Body } = Describe.Arguments as {
      Key: string;
      Body: { resultKey: string; filing: { by: string; processed: string } };
    };
    expect(await evaluate(Key, states)).toBe('runs/run/0/batches/batch.json');
    expect(await evaluate(Body.resultKey, states)).toBe('runs/run/0/results/batch.json');
    expect([Body.filing.by, await evaluate(Body.filing.processed, states)]).toEqual(['move', 'sales/processed/']);
    const [
      {
        States: { RunTask },
      },
    ] = Work.Branches as State[];
    expect(RunTask).toMatchObject({
      Arguments: {
        CapacityProviderStrategy: [{ CapacityProvider: 'FARGATE_SPOT', Weight: 1 }],
        Overrides: {
          ContainerOverrides: [
            {
              Name: 'Batch',
              Environment: [
                { Name: 'FILEWORKS_BATCH_BUCKET', Value: '{% $states.input.bucket %}' },
                { Name: 'FILEWORKS_BATCH_KEY', Value: '{% $states.input.key %}' },
                { Name: 'FILEWORKS_TASK_NAME', Value: 'Pipeline/Nightly' },
                expect.objectContaining({ Name: 'FILEWORKS_UNAVAILABLE_SECONDS' }),
              ],
            },
          ],
        },
      },
    });
    expect(await evaluate((Work.Branches as State[])[1].States.Clock.Seconds as string, { input: {} })).toBe(21_600);
  });

  it('notes why a batch failed before it fails', async () => {
    const { Work, Verdict, NoteFailure, BatchFailed } = batchStates(template);
    expect(Work.Catch).toEqual([
      expect.objectContaining({ ErrorEquals: ['Finished'], Next: 'BatchDone' }),
      expect.objectContaining({ ErrorEquals: ['States.ALL'], Next: 'Verdict' }),
    ]);
    expect(Verdict.Default).toBe('NoteFailure');
    const input = { failureKey: 'runs/f.json', fileworksRun: { error: { Error: 'Broken', Cause: 'a part' } } };
    const { Key, Body } = NoteFailure.Arguments as { Key: string; Body: { error: string; cause: string } };
    expect([
      await evaluate(Key, { input }),
      await evaluate(Body.error, { input }),
      await evaluate(Body.cause, { input }),
    ]).toEqual(['runs/f.json', 'Broken', 'a part']);
    expect([NoteFailure.Next, BatchFailed.Type]).toEqual(['BatchFailed', 'Fail']);
  });

  it('counts, tells and goes on also when batches could not be made', async () => {
    const { Files, Tell } = prefixStates(template);
    const [{ Output, Next }] = Files.Catch as { Output: string; Next: string }[];
    expect(Next).toBe('Finish');
    expect(
      await evaluate(Output, {
        input: { prefix: 'a/' },
        errorOutput: { Error: 'States.ItemReaderFailed', Cause: 'denied' },
      }),
    ).toEqual({ prefix: 'a/', error: 'States.ItemReaderFailed: denied' });
    const {
      Entries: [{ Source, DetailType }],
    } = Tell.Arguments as { Entries: { Source: string; DetailType: string }[] };
    expect(Source).toBe('fileworks.batches');
    expect(await evaluate(DetailType, { input: { status: 'succeeded' } })).toBe('Batch Run Succeeded');
    expect(await evaluate(DetailType, { input: { status: 'failed' } })).toBe('Batch Run Failed');
  });

  it('fails as a run when any prefix did, after all of them are done', async () => {
    const { Result, Failed } = definitionOf(template).States;
    const [{ Condition }] = Result.Choices as { Condition: string }[];
    const good = { prefix: 'a/', status: 'succeeded' };
    expect(await evaluate(Condition, { input: [good, good] })).toBe(true);
    expect(await evaluate(Condition, { input: [good, { prefix: 'b/', status: 'failed' }] })).toBe(false);
    expect(
      await evaluate(Failed.Cause, {
        input: [good, { prefix: 'b/', status: 'failed' }, { prefix: 'c/', status: 'failed' }],
      }),
    ).toBe('Prefixes whose files failed, or could not be found: b/, c/');
  });

  it('waits while an older run is at work', () => {
    const { StartAt, States } = definitionOf(template);
    expect([StartAt, States.IsOldest.Default, States.WaitForOthers.Next]).toEqual([
      'LookForOthers',
      'WaitForOthers',
      'LookForOthers',
    ]);
  });

  it('lets tasks read batches and incoming files, move these and write results, and no more', () => {
    expect(allowed(template, /^NightlyTaskDefinitionTaskRole/)).toEqual([
      's3:AbortMultipartUpload /sales/*failed/*',
      's3:AbortMultipartUpload /sales/*processed/*',
      's3:DeleteObject /sales/*incoming/*',
      's3:GetObject /runs/*',
      's3:GetObject /sales/*incoming/*',
      's3:GetObjectTagging /sales/*incoming/*',
      's3:ListBucket …',
      's3:PutObject /runs/*results/*',
      's3:PutObject /sales/*failed/*',
      's3:PutObject /sales/*processed/*',
      's3:PutObjectTagging /sales/*failed/*',
      's3:PutObjectTagging /sales/*processed/*',
    ]);
  });

  it('lets the machine list only incoming files', () => {
    const list = statements(template, /^NightlyStateMachineRole/).filter(({ Action }) => Action === 's3:ListBucket');
    expect(list).toEqual([
      expect.objectContaining({ Condition: { StringLike: { 's3:prefix': 'sales/*incoming/*' } } }),
    ]);
  });

  it('logs and traces, and keeps results for 30 days', () => {
    template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      StateMachineType: 'STANDARD',
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: Match.objectLike({ Level: 'ALL' }),
    });
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 30, Status: 'Enabled' })] },
    });
  });
});

describe('which prefixes a run is for', () => {
  const items = (props: Props | ((test: TestApp) => Props) = {}) =>
    definitionOf(templateOf(props)).States.Prefixes.Items;
  const run = (input: unknown) => ({ context: { Execution: { Input: input } } });
  const all = { prefixes: ['sales/', 'st"ck/'] };

  it.each<[string, unknown, string[]]>([
    ['all, from a schedule', { scheduledTime: 'x' }, ['sales/', 'st"ck/']],
    ['those of its input', { prefixes: ['sales/eu/', 'st"ck/'] }, ['sales/eu/', 'st"ck/']],
    ['the one of its input', { prefixes: ['sales/eu/'] }, ['sales/eu/']],
    ['none when its input has none', { prefixes: [] }, []],
    ['that of a marker file', { detail: { object: { key: 'sales/eu/incoming/_READY' } } }, ['sales/eu/']],
    [
      'that of a marker file, whatever its key',
      { detail: { object: { key: 'sales/incoming/_READY/incoming/_READY' } } },
      ['sales/incoming/_READY/'],
    ],
  ])('%s', async (_, input, expected) => {
    expect(await evaluate(items(all), run(input))).toEqual(expected);
  });

  it('those that its preparation answers', async () => {
    const template = templateOf((test) => ({ preparation: fn(test) }));
    const { StartAt, States } = definitionOf(template);
    expect([StartAt, States.IsOldest, States.Prepare.Next]).toEqual([
      'LookForOthers',
      expect.objectContaining({ Choices: [expect.objectContaining({ Next: 'Prepare' })] }),
      'Prefixes',
    ]);
    expect(
      await evaluate(States.Prefixes.Items, { input: { prefixes: ['sales/x/'] }, ...run({ prefixes: ['sales/y/'] }) }),
    ).toEqual(['sales/x/']);
    expect(allowed(template, /^NightlyStateMachineRole/).filter((line) => line.startsWith('lambda:'))).toHaveLength(2);
  });
});

describe('ChunkedBatchWorkflow with options', () => {
  it('has each batch worked on by a function, and waits while one is refused', async () => {
    const template = templateOf((test) => ({
      processor: BatchProcessor.lambdaFunction(fn(test)),
      batchTimeout: Duration.minutes(30),
      retries: 4,
    }));
    const { Work, Verdict } = batchStates(template);
    expect(Work).toMatchObject({
      Arguments: { Payload: { bucket: '{% $states.input.bucket %}', key: '{% $states.input.key %}' } },
      TimeoutSeconds: 1_800,
      Next: 'BatchDone',
      Catch: [{ Next: 'Verdict' }],
    });
    const [waits, retries] = Verdict.Choices as { Condition: string; Next: string }[];
    const nextAfter = async (error: string, failures = 0) => {
      const began = '2026-11-30T00:00:00Z';
      const run = { failures, waits: 0, seconds: 0, since: 0, began, error: { Error: error, Cause: '{}' } };
      const states = { input: { fileworksRun: run }, context: { State: { EnteredTime: '2026-11-30T00:01:00Z' } } };
      for (const { Condition, Next } of [waits, retries]) {
        if ((await evaluate(Condition, states)) === true) {
          return Next;
        }
      }
      return Verdict.Default;
    };
    for (const refusal of [
      'Lambda.TooManyRequestsException',
      'Lambda.AccessDeniedException',
      'DependencyUnavailable',
    ]) {
      expect([refusal, await nextAfter(refusal, 4)]).toEqual([refusal, 'ReportOutage']);
    }
    expect([await nextAfter('Error', 3), await nextAfter('Error', 4)]).toEqual(['Wait', 'NoteFailure']);
    expect(allowed(template, /^OwnServiceRole/)).toContain('s3:PutObject /runs/*results/*');
    template.resourceCountIs('AWS::ECS::TaskDefinition', 0);
  });

  it('hands each batch to a worker and waits for its word', () => {
    const template = templateOf((test) => ({ processor: BatchProcessor.worker(createWorker(test)) }));
    expect(batchStates(template).Work).toMatchObject({
      Resource: "arn:{'Ref':'AWS::Partition'}:states:::sqs:sendMessage.waitForTaskToken",
      Arguments: {
        MessageBody: { fileworksJob: 1, type: 'batch', payload: { taskToken: '{% $states.context.Task.Token %}' } },
      },
    });
    expect(allowed(template, /^WorkerTaskDefinitionTaskRole/)).toEqual(
      expect.arrayContaining(['states:SendTaskSuccess …', 'states:SendTaskFailure …']),
    );
    const answer = statements(template, /^WorkerTaskDefinitionTaskRole/).find(({ Action }) =>
      Action.includes('states:SendTaskSuccess'),
    );
    const machine = { Ref: expect.stringMatching(/^NightlyStateMachine/) as string };
    expect(answer?.Resource).toEqual([machine, { 'Fn::Join': ['', [machine, '/Files']] }]);
    expect(allowed(template, /^NightlyStateMachineRole/)).toContain('sqs:SendMessage …');
  });

  it('reads a manifest in place of a listing', () => {
    const template = templateOf({ source: BatchSource.manifest('files.jsonl') });
    expect(prefixStates(template).Files.ItemReader).toMatchObject({
      Resource: "arn:{'Ref':'AWS::Partition'}:states:::s3:getObject",
      ReaderConfig: { InputType: 'JSONL' },
      Arguments: { Key: '{% $states.input.prefix & "files.jsonl" %}' },
    });
    expect(statements(template, /^NightlyStateMachineRole/).some(({ Action }) => Action === 's3:ListBucket')).toBe(
      false,
    );
    expect(allowed(template, /^NightlyStateMachineRole/)).toContain('s3:GetObject /sales/*files.jsonl*');
  });

  it.each([
    [FilingMode.TAG, ['s3:GetObject', 's3:GetObjectTagging', 's3:PutObjectTagging']],
    [FilingMode.NONE, ['s3:GetObject']],
  ])('lets tasks do to files only what %s needs', (filing, actions) => {
    const template = templateOf({ filing });
    const ofFiles = allowed(template, /^NightlyTaskDefinitionTaskRole/).filter((line) => line.includes('/sales/'));
    expect(ofFiles).toEqual(actions.map((action) => `${action} /sales/*incoming/*`));
    expect((batchStates(template).Describe.Arguments as { Body: { filing: object } }).Body.filing).toEqual({
      by: filing,
    });
  });

  it('skips a run, or lets it overlap, without asking who else runs when it need not', () => {
    const skip = templateOf({ overlap: RunOverlap.SKIP });
    expect(definitionOf(skip).States.IsOldest.Default).toBe('Skipped');
    const allow = templateOf({ overlap: RunOverlap.ALLOW });
    expect(definitionOf(allow).StartAt).toBe('Prefixes');
    expect(allowed(allow, /^NightlyStateMachineRole/)).not.toContain('states:ListExecutions …');
  });

  it('runs by the clock and by a marker file, and keeps what could not be started', () => {
    const template = templateOf(({ stack }) => {
      PipelineAlarms.of(stack).notify(new SnsAction(new Topic(stack, 'Topic')));
      const markerSource = new FileIngestBucket(stack, 'Ingest');
      return {
        bucket: markerSource.bucket,
        markerSource,
        markerName: '_DONE',
        schedule: ScheduleExpression.rate(Duration.hours(1)),
      };
    });
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: Match.objectLike({ DeadLetterConfig: Match.anyValue() }),
    });
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: Match.objectLike({
        detail: { bucket: Match.anyValue(), object: { key: [{ wildcard: 'sales/*incoming/_DONE' }] } },
      }),
    });
    template.resourcePropertiesCountIs(
      'AWS::CloudWatch::Alarm',
      { AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }] },
      5,
    );
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('^A run of .* failed: too many'),
      EvaluationPeriods: 5,
      DatapointsToAlarm: 1,
    });
  });

  it.each<[string, number | undefined, Props]>([
    ['a night and an hour', 25, { schedule: ScheduleExpression.cron({ hour: '2', minute: '0' }) }],
    ['twice the rate', 8, { schedule: ScheduleExpression.rate(Duration.hours(4)) }],
    ['its own time', 3, { schedule: ScheduleExpression.rate(Duration.hours(1)), alarmMissedFor: Duration.hours(3) }],
    ['nothing', undefined, { schedule: ScheduleExpression.rate(Duration.hours(1)), alarmMissedFor: Duration.hours(0) }],
  ])('takes a run for missed after %s', (_, hours, props) => {
    templateOf(props).resourcePropertiesCountIs(
      'AWS::CloudWatch::Alarm',
      {
        MetricName: 'ExecutionsStarted',
        Period: 3_600,
        EvaluationPeriods: hours,
        ComparisonOperator: 'LessThanThreshold',
        TreatMissingData: 'breaching',
      },
      hours === undefined ? 0 : 1,
    );
  });

  it('has an alarm of a throttled function as its processor, and none of a task', () => {
    const throttles = { MetricName: 'Throttles', Namespace: 'AWS/Lambda' };
    const ofFunction = templateOf((test) => ({ processor: BatchProcessor.lambdaFunction(fn(test)) }));
    ofFunction.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ...throttles,
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: Match.stringLikeRegexp('^(?!NightlyFinish)') } }],
    });
    templateOf().resourcePropertiesCountIs('AWS::CloudWatch::Alarm', throttles, 0);
  });

  it('uses what exists: bucket, bus, capacity', () => {
    const test = createTestApp();
    const workflow = createWorkflow(
      ({ stack }) => ({
        resultBucket: new s3.Bucket(stack, 'Own'),
        resultPrefix: 'of/runs/',
        eventBus: new EventBus(stack, 'Bus'),
        processor: task(test, { capacity: SpotStrategy.onDemand() }),
        maxFilesPerBatch: 5,
        maxBatchDescription: Size.kibibytes(10),
        maxConcurrency: 3,
        abortFailurePercentage: 0,
        toleratedFailurePercentage: 2.5,
      }),
      test,
    );
    const template = synth(test);
    expect(workflow.resultBucket.node.id).toBe('Own');
    expect(workflow.connections.securityGroups).toHaveLength(1);
    expect(prefixStates(template).Files).toMatchObject({
      ItemBatcher: { MaxItemsPerBatch: 5, MaxInputBytesPerBatch: 10_240 },
      MaxConcurrency: 3,
      ToleratedFailurePercentage: 0,
    });
    expect(allowed(template, /^NightlyFinishRole/)).toEqual(
      expect.arrayContaining(['s3:GetObject /of/runs/*', 's3:PutObject /of/runs/*']),
    );
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ TOLERATED_FAILURE_PERCENTAGE: '2.5' }) },
    });
    expect(environmentOf(template)).toEqual({});
  });

  it('lets others start a run', () => {
    const test = createTestApp();
    const caller = fn(test, 'Caller');
    createWorkflow({}, test).grantRun(caller);
    expect(allowed(synth(test), /^CallerServiceRole/)).toEqual(['states:StartExecution …']);
  });
});

describe('ChunkedBatchWorkflow refuses', () => {
  const at = ' [at Pipeline/Nightly]';
  it.each<[string, Props | ((test: TestApp) => Props), string]>([
    [
      'no prefix',
      { prefixes: [] },
      "prefixes cannot be empty; set the prefixes of a run, or [''] for the whole bucket",
    ],
    [
      'a prefix without its slash',
      { prefixes: ['sales'] },
      'prefixes must be literal strings (no tokens) that end with a slash and do not start with one, without *, ? and \\, got: "sales"',
    ],
    [
      'a prefix with a star',
      { prefixes: ['sal*/'] },
      'prefixes must be literal strings (no tokens) that end with a slash and do not start with one, without *, ? and \\, got: "sal*/"',
    ],
    ['a prefix twice', { prefixes: ['a/', 'a/'] }, 'prefixes must be unique, got: a/, a/'],
    [
      'a prefix among the files of another',
      { prefixes: ['', 'incoming/a/'] },
      'prefixes cannot include incoming/a/, which overlaps the whole bucket; omit one of them',
    ],
    [
      'batches without files',
      { maxFilesPerBatch: 0 },
      'maxFilesPerBatch must be a whole number from 1 to 10000, got: 0',
    ],
    [
      'a description that does not fit',
      { maxBatchDescription: Size.kibibytes(256) },
      'maxBatchDescription must be a whole number of bytes from 1024 to 204800, got: 262144',
    ],
    ['no concurrency', { maxConcurrency: 0 }, 'maxConcurrency must be a whole number from 1 to 10000, got: 0'],
    [
      'too many prefixes at a time',
      { maxConcurrentPrefixes: 41 },
      'maxConcurrentPrefixes must be a whole number from 1 to 40, got: 41',
    ],
    ['too many retries', { retries: 11 }, 'retries must be a whole number from 0 to 10, got: 11'],
    [
      'no time',
      { batchTimeout: Duration.seconds(59) },
      'batchTimeout must be a whole number of seconds from 60 to 604800, got: 59',
    ],
    [
      'more than all',
      { toleratedFailurePercentage: 100.1 },
      'toleratedFailurePercentage must be a number from 0 to 100, got: 100.1',
    ],
    [
      'less than none',
      { abortFailurePercentage: -1 },
      'abortFailurePercentage must be a number from 0 to 100, got: -1',
    ],
    [
      'hours of retention',
      { resultRetention: Duration.hours(36) },
      'resultRetention must be a whole number of days 1 or more, got: 1.5',
    ],
    [
      'missed runs without a schedule',
      { alarmMissedFor: Duration.hours(3) },
      'alarmMissedFor needs a schedule, whose runs can be missed; set schedule',
    ],
    [
      'retention of a bucket that exists',
      ({ stack }) => ({ resultBucket: new s3.Bucket(stack, 'Own'), resultRetention: Duration.days(2) }),
      'resultRetention cannot be set together with resultBucket; set a lifecycle rule where the bucket is created',
    ],
    [
      'a result prefix without its slash',
      { resultPrefix: 'runs' },
      'resultPrefix must be a literal string (no tokens) that ends with a slash and does not start with one, without *, ? and \\, got: "runs"',
    ],
    [
      'results among the files',
      ({ stack }) => {
        const bucket = new s3.Bucket(stack, 'Own');
        return { bucket, resultBucket: bucket, resultPrefix: 'sales/incoming/runs/' };
      },
      'resultPrefix cannot be below sales/incoming/, where runs look for files, got: sales/incoming/runs/; use another one',
    ],
    [
      'a marker with a slash',
      { markerName: 'a/b' },
      'markerName must be the name of a file, without a slash, *, ? and \\, got: "a/b"',
    ],
    [
      'markers of another bucket',
      ({ stack }) => ({ markerSource: new FileIngestBucket(stack, 'Other') }),
      'markerSource must be the FileIngestBucket of bucket, got that of Pipeline/Other/Bucket; set bucket: inbox.bucket and markerSource: inbox',
    ],
    [
      'a worker with a FIFO queue',
      (test) => ({ processor: BatchProcessor.worker(createWorker(test, { fifo: true })) }),
      'processor must be a worker without a FIFO queue, in which one batch would delay the others; use a standard queue',
    ],
    [
      'variables that it writes',
      (test) => ({ processor: task(test, { environment: { FILEWORKS_BATCH_KEY: 'x' } }) }),
      'environment cannot hold FILEWORKS_BATCH_KEY, which the construct sets; set the corresponding prop',
    ],
  ])('%s', (_, props, message) => {
    expect(() => createWorkflow(props)).toThrow(`${message}${at}`);
  });

  it('a worker of another stack', () => {
    const test = createTestApp();
    const elsewhere = { ...test, stack: new Stack(test.app, 'Elsewhere') };
    const processor = BatchProcessor.worker(createWorker(elsewhere));
    expect(() => createWorkflow({ processor }, test)).toThrow(
      `processor is a worker in the stack Elsewhere, and workflow and worker reference each other; create both in one stack${at}`,
    );
  });

  it('a manifest without a name', () => {
    expect(() => BatchSource.manifest('/x')).toThrow(
      'name must be the key of an object below the prefix, without a leading slash, got: "/x"',
    );
  });
});

it('has the network of a function that is in one', () => {
  const test = createTestApp();
  const inVpc = new lambda.Function(test.stack, 'InVpc', {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = 0'),
    vpc: test.vpc,
    securityGroups: [new ec2.SecurityGroup(test.stack, 'Group', { vpc: test.vpc })],
  });
  expect(
    createWorkflow({ processor: BatchProcessor.lambdaFunction(inVpc) }, test).connections.securityGroups,
  ).toHaveLength(1);
  const other = createTestApp();
  expect(
    createWorkflow({ processor: BatchProcessor.lambdaFunction(fn(other)) }, other).connections.securityGroups,
  ).toEqual([]);
});
