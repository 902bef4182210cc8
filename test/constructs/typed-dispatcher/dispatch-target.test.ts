import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { DispatchTarget, type DispatchTypeOptions, FileIngestBucket, TaskCompletion } from '../../../src';
import { createWorker, image, synth } from '../../support/cdk-stacks';
import { createDispatcher, findingsIn, type Fixture, variablesOf } from './support';

const stateMachineIn = ({ stack }: Fixture, more: Partial<sfn.StateMachineProps> = {}) =>
  new sfn.StateMachine(stack, 'Unpack', {
    definitionBody: sfn.DefinitionBody.fromChainable(new sfn.Pass(stack, 'Pass')),
    ...more,
  });

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

interface Policy {
  readonly Properties: { readonly PolicyDocument: { readonly Statement: readonly Statement[] } };
}

/** What a role may do, of the actions of one service, as `action: resource`. */
function allowed(template: Template, role: string, service: string): string[] {
  const policies = Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([id]) => id.startsWith(role))
    .map(([, policy]) => policy as Policy);
  return policies
    .flatMap(
      ({
        Properties: {
          PolicyDocument: { Statement: statements },
        },
      }) => statements,
    )
    .flatMap(({ Action: actions, Resource: resource }) =>
      [actions].flat().map((action) => `${action}: ${JSON.stringify(resource)}`),
    )
    .filter((line) => line.startsWith(`${service}:`));
}

describe('a queue', () => {
  test('gets messages from both functions that launch, and its worker may take turns', () => {
    const fixture = createDispatcher();
    const worker = createWorker(fixture);
    fixture.dispatcher.addBucket('Inbox', new FileIngestBucket(fixture.stack, 'Inbox'), 'in/');
    fixture.add('A', { target: DispatchTarget.queue(worker.queue) });
    fixture.dispatcher.grantTakeTurns(worker);
    const template = synth(fixture);
    for (const role of ['DispatcherLauncherRole', 'DispatcherWatcherRole']) {
      expect(allowed(template, role, 'sqs')).toContainEqual(
        expect.stringMatching(/^sqs:SendMessage: {"Fn::GetAtt":\["WorkerQueue/),
      );
      expect([
        ...allowed(template, role, 'ecs'),
        ...allowed(template, role, 'iam'),
        ...allowed(template, role, 'states'),
      ]).toEqual([]);
    }
    const [taskRole] = Object.keys(template.findResources('AWS::IAM::Policy')).filter((id) =>
      /^Worker.*TaskRole/.test(id),
    );
    expect(
      allowed(template, taskRole, 'dynamodb')
        .map((line) => line.split(': ')[0])
        .sort(),
    ).toEqual(['dynamodb:GetItem', 'dynamodb:UpdateItem']);
    expect(allowed(template, taskRole, 's3').map((line) => line.split(': ')[0])).toEqual([
      's3:GetObject',
      's3:GetObjectVersion',
    ]);
  });

  test.each([
    [false, 'files'],
    [true, 'files.fifo'],
  ])('says whether it is FIFO: %s', (fifo, queueName) => {
    const fixture = createDispatcher();
    fixture.add('A', {
      target: DispatchTarget.queue(
        sqs.Queue.fromQueueArn(fixture.stack, 'Files', `arn:aws:sqs:eu-central-1:111122223333:${queueName}`),
      ),
    });
    expect(JSON.stringify(variablesOf(synth(fixture), 'Launcher').LAUNCHES)).toContain(`\\"fifo\\":${String(fifo)}`);
  });
});

describe('a state machine', () => {
  test('is started, asked after and stopped by both functions, and no other is', () => {
    const fixture = createDispatcher();
    fixture.add('A', { target: DispatchTarget.stateMachine(stateMachineIn(fixture)) });
    const template = synth(fixture);
    for (const role of ['DispatcherLauncherRole', 'DispatcherWatcherRole']) {
      const [start, ...others] = allowed(template, role, 'states');
      expect(start).toMatch(/^states:StartExecution: {"Ref":"Unpack/);
      expect(others.map((line) => line.split(': ')[0])).toEqual(['states:DescribeExecution', 'states:StopExecution']);
      for (const line of others) {
        expect(line).toMatch(/:execution:",{"Fn::GetAtt":\["Unpack\w+","Name"\]},":\*"/);
      }
    }
  });

  test('tells of its executions that ended, by one rule for all types that share it', () => {
    const fixture = createDispatcher();
    const target = DispatchTarget.stateMachine(stateMachineIn(fixture));
    fixture.add('A', { target });
    fixture.add('B', { target });
    const template = synth(fixture);
    const ofExecutions = {
      EventPattern: { source: ['aws.states'], 'detail-type': ['Step Functions Execution Status Change'] },
    };
    expect(Object.keys(template.findResources('AWS::Events::Rule', { Properties: ofExecutions }))).toHaveLength(1);
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        detail: {
          stateMachineArn: [{ Ref: Match.stringLikeRegexp('^Unpack') }],
          status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'],
        },
      },
      Targets: [
        Match.objectLike({
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^DispatcherWatcher'), 'Arn'] },
          DeadLetterConfig: Match.anyValue(),
        }),
      ],
    });
  });

  test('has executions whose names tell whose they are, and fit', () => {
    const fixture = createDispatcher();
    fixture.add('A', { target: DispatchTarget.stateMachine(stateMachineIn(fixture)) });
    expect(variablesOf(synth(fixture), 'Watcher').EXECUTION_PREFIX).toMatch(/^[A-Za-z0-9]{1,16}$/);
  });

  test('may be of somebody else', () => {
    const fixture = createDispatcher();
    const arn = 'arn:aws:states:eu-central-1:111122223333:stateMachine:other';
    fixture.add('A', {
      target: DispatchTarget.stateMachine(sfn.StateMachine.fromStateMachineArn(fixture.stack, 'Other', arn)),
    });
    const template = synth(fixture);
    expect(allowed(template, 'DispatcherLauncherRole', 'states')).toContainEqual(
      expect.stringMatching(/^states:StopExecution: .*:execution:other:\*/),
    );
    expect(findingsIn(fixture)).toEqual([]);
  });

  test('throws for an express workflow', () => {
    const fixture = createDispatcher();
    const target = DispatchTarget.stateMachine(
      stateMachineIn(fixture, { stateMachineType: sfn.StateMachineType.EXPRESS }),
    );
    expect(() => fixture.add('A', { target })).toThrow(
      /target cannot be an express workflow.*use StateMachineType.STANDARD/,
    );
  });
});

test('every target is clean by cdk-nag', () => {
  const fixture = createDispatcher();
  fixture.add('A', { target: DispatchTarget.queue(createWorker(fixture).queue) });
  fixture.add('B', { target: DispatchTarget.stateMachine(stateMachineIn(fixture)) });
  fixture.add('C');
  expect(findingsIn(fixture)).toEqual([]);
});

describe('a task that ends by its exit code', () => {
  function gated(options: ecs.FargateTaskDefinitionProps = {}, type: Partial<DispatchTypeOptions> = {}) {
    const fixture = createDispatcher();
    const taskDefinition = new ecs.FargateTaskDefinition(fixture.stack, 'Unmodified', options);
    const container = taskDefinition.addContainer('converter', { image });
    const target = DispatchTarget.ecsTask({
      cluster: fixture.cluster,
      taskDefinition,
      container,
      completion: TaskCompletion.byExitCode(),
    });
    fixture.add('A', { target, ...type });
    fixture.add('B', { keys: ['b/*'], target });
    return fixture;
  }

  test('has one gate, which must succeed before the container starts', () => {
    const fixture = gated();
    const template = synth(fixture);
    const containers = Object.values(
      template.findResources('AWS::ECS::TaskDefinition', {
        Properties: { Family: Match.stringLikeRegexp('Unmodified') },
      }),
    ) as {
      Properties: { ContainerDefinitions: Record<string, unknown>[] };
    }[];
    expect(containers.map(({ Properties }) => Properties.ContainerDefinitions)).toEqual([
      [
        expect.objectContaining({
          Name: 'converter',
          Essential: true,
          DependsOn: [{ ContainerName: 'fileworks-gate-converter', Condition: 'SUCCESS' }],
        }),
        expect.objectContaining({ Name: 'fileworks-gate-converter', Essential: false, ReadonlyRootFilesystem: true }),
      ],
    ]);
    expect(JSON.stringify(variablesOf(template, 'Launcher').LAUNCHES)).toContain(String.raw`\"gated\":true`);
    expect(findingsIn(fixture)).toEqual([]);
  });

  test.each<[string, ecs.CpuArchitecture | undefined]>([
    ['linux/amd64', undefined],
    ['linux/arm64', ecs.CpuArchitecture.ARM64],
  ])('has a gate for %s', (platform, cpuArchitecture) => {
    const { app } = gated(
      cpuArchitecture && {
        runtimePlatform: { cpuArchitecture, operatingSystemFamily: ecs.OperatingSystemFamily.LINUX },
      },
    );
    const { directory } = app.synth();
    const { dockerImages } = JSON.parse(readFileSync(join(directory, 'Pipeline.assets.json'), 'utf8')) as {
      dockerImages: Record<string, { source: { platform: string } }>;
    };
    expect(Object.values(dockerImages).map(({ source }) => source.platform)).toEqual([platform]);
  });

  test('throws for a hangTimeout after which ECS tells no exit code any more', () => {
    expect(() => gated({}, { hangTimeout: Duration.hours(1) })).toThrow(
      /hangTimeout must be a whole number of seconds from 60 to 2700, got: 3600/,
    );
  });
});
