import * as flags from 'aws-cdk-lib/recommended-feature-flags.json';
import { Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks } from 'cdk-nag';
import { FileIngestBucket, IngestRoute, IngestTarget, PipelineAlarms } from '../../src';
import { createTestApp, createWorker, resourceCount, synth, type TestApp } from '../support/cdk-stacks';

function createPipeline(test: TestApp): TestApp {
  const worker = createWorker(test, { environment: { B: '2', A: '1' }, maxTasks: 100 });
  const inbox = new FileIngestBucket(test.stack, 'Inbox');
  inbox.addRoute('Archives', {
    prefixes: ['incoming/'],
    suffixes: ['.zip', '.whl'],
    target: IngestTarget.worker(worker),
  });
  return test;
}

describe('a pipeline of the constructs', () => {
  it('synthesizes the same template each time', () => {
    expect(synth(createPipeline(createTestApp())).toJSON()).toEqual(synth(createPipeline(createTestApp())).toJSON());
  });

  it.each<[string, Record<string, unknown>]>([
    ['no feature flag', {}],
    ['every recommended feature flag', flags],
  ])('has 27 resources, none of them custom, with %s', (_, context) => {
    const template = synth(createPipeline(createTestApp(context)));
    expect(resourceCount(template)).toBe(27);
    expect(JSON.stringify(template.toJSON())).not.toMatch(/Custom::|AWS::CloudFormation::CustomResource|AWS::Lambda/);
  });

  it('puts no count into the service with any set of feature flags', () => {
    for (const context of [{}, flags]) {
      const [service] = Object.values(
        synth(createPipeline(createTestApp(context))).findResources('AWS::ECS::Service'),
      ) as { Properties: object }[];
      expect(service.Properties).not.toHaveProperty('DesiredCount');
    }
  });

  it('lives in one stack with its cluster', () => {
    const test = createTestApp();
    const stack = new Stack(test.app, 'All');
    const cluster = new ecs.Cluster(stack, 'Cluster', {
      vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0 }),
    });
    const all = { ...test, stack, cluster };
    createWorker(all, { vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, assignPublicIp: true });
    expect(() => synth(all)).not.toThrow();
  });

  it('spreads over stacks without a cycle: the route stands with the worker, and has a dead-letter queue and an alarm there', () => {
    const test = createTestApp();
    const files = new Stack(test.app, 'Files');
    const encryptionKey = new kms.Key(files, 'Key', { enableKeyRotation: true });
    const inbox = new FileIngestBucket(files, 'Inbox', { encryptionKey });
    const worker = createWorker(test);
    PipelineAlarms.of(test.stack).notify(new SnsAction(new sns.Topic(test.stack, 'Topic')));
    const route = new IngestRoute(test.stack, 'Archives', {
      source: inbox,
      prefixes: ['in/'],
      target: IngestTarget.worker(worker),
    });

    test.app.synth();

    expect(route.deadLetterQueue?.node.path).toBe('Pipeline/Archives/Undelivered/DeadLetterQueue');
    const template = Template.fromStack(test.stack);
    template.hasResourceProperties('AWS::Events::Rule', {
      Targets: [
        Match.objectLike({
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^ArchivesUndelivered'), 'Arn'] } },
        }),
      ],
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Dimensions: [
        Match.objectLike({ Value: { 'Fn::GetAtt': [Match.stringLikeRegexp('^ArchivesUndelivered'), 'QueueName'] } }),
      ],
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }],
    });
    expect(files.dependencies).toEqual([]);
    expect(new AwsSolutionsChecks().validateScope(test.stack).violations.map(({ ruleName }) => ruleName)).toEqual([
      'AwsSolutions-SNS3',
    ]);
  });

  it('throws when a route is created in another stack than its target', () => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(new Stack(test.app, 'Files'), 'Inbox');
    const target = IngestTarget.worker(createWorker(test));
    expect(() => inbox.addRoute('Archives', { target })).toThrow(
      new Error(
        'target is in the stack Pipeline, and rule and queue reference each other; create the route there: new IngestRoute(scope, id, { source, ... }) [at Files/Inbox/Archives]',
      ),
    );
  });

  it('finds overlapping routes wherever they were created', () => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(new Stack(test.app, 'Files'), 'Inbox');
    inbox.addRoute('All', { target: IngestTarget.queue() });
    new IngestRoute(test.stack, 'Archives', { source: inbox, target: IngestTarget.queue() });
    test.app.synth();
    Annotations.fromStack(test.stack).hasWarning(
      '/Pipeline/Archives',
      Match.stringLikeRegexp('Some objects also match All'),
    );
  });
});
