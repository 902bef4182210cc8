import { CfnResource, Duration, Lazy, PropertyInjectors, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import {
  type IIngestRoute,
  Delivery,
  FileIngestBucket,
  IngestMessageFormat,
  IngestReason,
  IngestRoute,
  IngestTarget,
  WakeUp,
  type IngestDelivery,
  type IngestMessageOptions,
  type IngestRouteOptions,
  type IngestTargetConfig,
} from '../../../src';
import { createTestApp, createWorker, resourceCount, synth, type TestApp } from '../../support/cdk-stacks';

const createFunction = (test: TestApp) =>
  new lambda.Function(test.stack, 'Handler', {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => {};'),
  });

const resourcesOf = (test: TestApp) =>
  test.stack.node.findAll().filter((node) => CfnResource.isCfnResource(node)).length;

const role = (test: TestApp) =>
  new iam.Role(test.stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });

describe('FileIngestBucket with defaults', () => {
  const test = createTestApp();
  const worker = createWorker(test);
  const before = 21;
  const inbox = new FileIngestBucket(test.stack, 'Inbox');
  const route = inbox.addRoute('Archives', {
    prefixes: ['incoming/'],
    suffixes: ['.zip'],
    target: IngestTarget.worker(worker),
  });
  const template = synth(test);

  it('adds 6 resources with a route to a worker, and no custom resource', () => {
    expect(resourceCount(template) - before).toBe(6);
    template.resourceCountIs('AWS::Lambda::Function', 0);
  });

  it('lets the bucket send events by its own property', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
  });

  it('creates a bucket that is private, encrypted, SSL only, versioned, kept and tidied up', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        VersioningConfiguration: { Status: 'Enabled' },
        LifecycleConfiguration: {
          Rules: [
            {
              Id: 'Housekeeping',
              Status: 'Enabled',
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
              NoncurrentVersionExpiration: { NoncurrentDays: 30 },
              ExpiredObjectDeleteMarker: true,
            },
          ],
        },
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: [Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
      },
    });
  });

  it('sends matching events to the queue of the worker, for a day and 185 tries, then to the dead-letter queue', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      State: 'ENABLED',
      Description: 'New objects for Pipeline/Inbox/Archives',
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: { bucket: { name: [{ Ref: Match.stringLikeRegexp('^InboxBucket') }] } },
      },
      Targets: [
        {
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerQueue'), 'Arn'] },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^InboxDeadLetterQueue'), 'Arn'] } },
        },
      ],
    });
  });

  it('lets EventBridge send to both queues for this rule only', () => {
    const fromRule = Match.objectLike({
      Principal: { Service: 'events.amazonaws.com' },
      Condition: {
        ArnLike: { 'aws:SourceArn': [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^InboxArchivesRule'), 'Arn'] }] },
      },
    });
    for (const queue of ['^WorkerQueue', '^InboxDeadLetterQueue']) {
      template.hasResourceProperties('AWS::SQS::QueuePolicy', {
        Queues: [{ Ref: Match.stringLikeRegexp(queue) }],
        PolicyDocument: { Statement: Match.arrayWith([fromRule]) },
      });
    }
  });

  it('lets the worker read what the route is about, and no more', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^WorkerTaskDefinitionTaskRole') }],
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Effect: 'Allow',
            Action: ['s3:GetObject', 's3:GetObjectVersion'],
            Resource: {
              'Fn::Join': ['', [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^InboxBucket'), 'Arn'] }, '/incoming/*']],
            },
          },
        ]),
      },
    });
  });

  it('is in ALARM while there are undelivered events', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Dimensions: [
        { Name: 'QueueName', Value: { 'Fn::GetAtt': [Match.stringLikeRegexp('^InboxDeadLetterQueue'), 'QueueName'] } },
      ],
      Threshold: 1,
    });
  });

  it('warns of nothing and offers its parts', () => {
    expect(Annotations.fromStack(test.stack).findWarning('*', Match.anyValue())).toEqual([]);
    expect(route.rule).toBeInstanceOf(events.Rule);
    expect(inbox.metricUndeliveredEvents().metricName).toBe('ApproximateNumberOfMessagesVisible');
  });
});

describe('IngestRoute', () => {
  function detailOf(options: Omit<IngestRouteOptions, 'target'>): Record<string, unknown> {
    const test = createTestApp();
    const queue = new sqs.Queue(test.stack, 'Jobs');
    new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', {
      ...options,
      target: IngestTarget.existingQueue(queue),
    });
    const [rule] = Object.values(synth(test).findResources('AWS::Events::Rule')) as {
      Properties: { EventPattern: { detail: Record<string, unknown> } };
    }[];
    return rule.Properties.EventPattern.detail;
  }
  const size = [{ 'anything-but': [0] }];

  it.each<[string, Omit<IngestRouteOptions, 'target'>, unknown]>([
    ['every object that is not empty', {}, { size }],
    ['every object', { ignoreEmptyObjects: false }, undefined],
    ['prefixes', { prefixes: ['a/', 'b/'] }, { size, key: [{ prefix: 'a/' }, { prefix: 'b/' }] }],
    ['suffixes in any case', { suffixes: ['.csv'] }, { size, key: [{ suffix: { 'equals-ignore-case': '.csv' } }] }],
    ['suffixes as spelled', { suffixes: ['.csv'], caseSensitiveSuffixes: true }, { size, key: [{ suffix: '.csv' }] }],
    [
      'both, as spelled',
      { prefixes: ['a/', 'b*/'], suffixes: ['.csv'], caseSensitiveSuffixes: true },
      { size, key: [{ wildcard: 'a/*.csv' }, { wildcard: 'b\\*/*.csv' }] },
    ],
    [
      'wildcards',
      { keyPatterns: ['in/*/orders-*.csv', 'x\\**y'] },
      { size, key: [{ wildcard: 'in/*/orders-*.csv' }, { wildcard: 'x\\**y' }] },
    ],
    [
      'patterns that need no wildcard, which has a quota',
      { keyPatterns: ['in/*', '*.csv', 'a\\\\b\\*', '*'] },
      { size, key: [{ prefix: 'in/' }, { suffix: '.csv' }, 'a\\b*', { prefix: '' }] },
    ],
    [
      'all but some',
      { excludeKeyPatterns: ['*.tmp', 'logs/*'] },
      { size, key: [{ 'anything-but': { wildcard: ['*.tmp', 'logs/*'] } }] },
    ],
    ['all but one prefix', { excludeKeyPatterns: ['a/*'] }, { size, key: [{ 'anything-but': { prefix: 'a/' } }] }],
    ['all but one suffix', { excludeKeyPatterns: ['*.a'] }, { size, key: [{ 'anything-but': { suffix: '.a' } }] }],
    ['all but some keys', { excludeKeyPatterns: ['a', 'b'] }, { size, key: [{ 'anything-but': ['a', 'b'] }] }],
    ['large objects', { minSize: Size.mebibytes(1) }, { size: [{ numeric: ['>=', 1_048_576] }] }],
    [
      'small objects that are not empty',
      { maxSize: Size.kibibytes(1) },
      { size: [{ numeric: ['>=', 1, '<=', 1_024] }] },
    ],
    [
      'small objects, also empty ones',
      { maxSize: Size.kibibytes(1), ignoreEmptyObjects: false },
      { size: [{ numeric: ['<=', 1_024] }] },
    ],
    [
      'a range of sizes',
      { minSize: Size.kibibytes(1), maxSize: Size.kibibytes(2) },
      { size: [{ numeric: ['>=', 1_024, '<=', 2_048] }] },
    ],
    [
      'both, in any case',
      { prefixes: ['a/'], suffixes: ['.7z'] },
      { size, key: [{ wildcard: 'a/*.7z' }, { wildcard: 'a/*.7Z' }] },
    ],
  ])('takes %s', (_, options, expected) => {
    expect(detailOf(options).object).toEqual(expected);
  });

  it('takes objects by the call that made them', () => {
    expect(
      detailOf({
        reasons: [
          IngestReason.PUT_OBJECT,
          IngestReason.POST_OBJECT,
          IngestReason.COPY_OBJECT,
          IngestReason.COMPLETE_MULTIPART_UPLOAD,
        ],
      }).reason,
    ).toEqual(['PutObject', 'POST Object', 'CopyObject', 'CompleteMultipartUpload']);
  });

  it('takes its own delivery settings', () => {
    const test = createTestApp();
    const queue = new sqs.Queue(test.stack, 'Jobs');
    new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', {
      target: IngestTarget.existingQueue(queue),
      maxEventAge: Duration.minutes(1),
      retryAttempts: 0,
      enabled: false,
      description: 'orders',
    });
    synth(test).hasResourceProperties('AWS::Events::Rule', {
      State: 'DISABLED',
      Description: 'orders',
      Targets: [Match.objectLike({ RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 } })],
    });
  });

  it('sends to a target that a user brings', () => {
    class FunctionTarget extends IngestTarget {
      readonly #handler: lambda.IFunction;

      constructor(handler: lambda.IFunction) {
        super();
        this.#handler = handler;
      }

      bind(_scope: Construct, _: IIngestRoute, delivery: IngestDelivery): IngestTargetConfig {
        return {
          ruleTarget: new LambdaFunction(this.#handler, {
            ...delivery,
            event: events.RuleTargetInput.fromEventPath('$.detail'),
          }),
        };
      }
    }
    const test = createTestApp();
    const handler = createFunction(test);
    new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', { target: new FunctionTarget(handler) });
    synth(test).hasResourceProperties('AWS::Events::Rule', { Targets: [Match.objectLike({ InputPath: '$.detail' })] });
  });

  it('sends to a new queue with a dead-letter queue and an alarm of its own', () => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    const target = IngestTarget.queue({ visibilityTimeout: Duration.minutes(1), maxReceiveCount: 3 });
    const before = resourcesOf(test);
    const route = inbox.addRoute('Orders', { target });
    const template = synth(test);
    expect(resourceCount(template) - before).toBe(6);
    expect(route.queue?.node.path).toBe('Pipeline/Inbox/Orders/Queue');
    template.hasResourceProperties('AWS::SQS::Queue', { VisibilityTimeout: 60, RedrivePolicy: { maxReceiveCount: 3 } });
    template.resourceCountIs('AWS::CloudWatch::Alarm', 2);
  });

  it('sends to a function, which may read the objects', () => {
    const test = createTestApp();
    const handler = createFunction(test);
    const route = new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', {
      prefixes: ['in/'],
      target: IngestTarget.lambdaFunction(handler),
    });
    const template = synth(test);
    expect(route.queue).toBeUndefined();
    template.hasResourceProperties('AWS::Events::Rule', {
      Targets: [
        Match.objectLike({
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Handler'), 'Arn'] },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
          DeadLetterConfig: Match.anyValue(),
        }),
      ],
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [Match.objectLike({ Action: ['s3:GetObject', 's3:GetObjectVersion'] })] },
    });
  });

  it('starts an execution of a state machine', () => {
    const test = createTestApp();
    const stateMachine = new sfn.StateMachine(test.stack, 'Machine', {
      definitionBody: sfn.DefinitionBody.fromChainable(new sfn.Pass(test.stack, 'Pass')),
    });
    new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', { target: IngestTarget.stateMachine(stateMachine) });
    synth(test).hasResourceProperties('AWS::Events::Rule', {
      Targets: [
        Match.objectLike({
          Arn: { Ref: Match.stringLikeRegexp('^Machine') },
          DeadLetterConfig: Match.anyValue(),
          RoleArn: Match.anyValue(),
        }),
      ],
    });
  });

  it('sends to a FIFO queue in one message group', () => {
    const test = createTestApp();
    const queue = new sqs.Queue(test.stack, 'Jobs', { fifo: true, contentBasedDeduplication: true });
    new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', {
      target: IngestTarget.existingQueue(queue, { messageGroupId: 'orders' }),
    });
    synth(test).hasResourceProperties('AWS::Events::Rule', {
      Targets: [Match.objectLike({ SqsParameters: { MessageGroupId: 'orders' } })],
    });
  });

  it.each<[string, sqs.QueueProps, IngestMessageOptions | undefined]>([
    [
      'target needs messageGroupId, because its queue is FIFO; events of one group are processed one after another',
      { fifo: true, contentBasedDeduplication: true },
      undefined,
    ],
    [
      'target needs a FIFO queue with contentBasedDeduplication, because EventBridge sends no deduplication id; set it on the queue',
      { fifo: true },
      { messageGroupId: 'x' },
    ],
  ])('throws: %s', (message, props, options) => {
    const test = createTestApp();
    const target = IngestTarget.existingQueue(new sqs.Queue(test.stack, 'Jobs', props), options);
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    expect(() => inbox.addRoute('Route', { target })).toThrow(new Error(`${message} [at Pipeline/Inbox/Route]`));
  });

  it('warns that objects above five billion bytes fit no smallest size', () => {
    const test = createTestApp();
    new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', {
      minSize: Size.gibibytes(1),
      target: IngestTarget.queue(),
    });
    synth(test);
    Annotations.fromStack(test.stack).hasWarning(
      '/Pipeline/Inbox/Route',
      Match.stringLikeRegexp('cdk-fileworks:FileIngestBucket.largeObjects'),
    );
  });

  it('warns of routes that deliver the same objects, and of no others', () => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    const target = IngestTarget.existingQueue(new sqs.Queue(test.stack, 'Jobs'));
    inbox.addRoute('A', { prefixes: ['a/'], target });
    inbox.addRoute('B', { prefixes: ['b/'], target });
    inbox.addRoute('Csv', { suffixes: ['.csv'], target });
    new FileIngestBucket(test.stack, 'Other').addRoute('All', { target });
    synth(test);
    const warnings = Annotations.fromStack(test.stack).findWarning('*', Match.anyValue());
    expect(warnings.map(({ id, entry }) => [id, entry.data])).toEqual([
      [
        '/Pipeline/Inbox/Csv',
        'Some objects, such as "a/.csv", also match A and B and are delivered by each of these routes; narrow them, or acknowledge this if it is intended [ack: cdk-fileworks:FileIngestBucket.overlappingRoutes]',
      ],
    ]);
  });

  const patternsOf = (template: Template) =>
    Object.values(template.findResources('AWS::Events::Rule')).map(
      ({ Properties }) => (Properties as { EventPattern: { detail: { object: { key: object[] } } } }).EventPattern,
    );
  const tenants = Array.from({ length: 10 }, (_, index) => `tenants/number-${index}/`);

  it('splits a pattern that is longer than EventBridge accepts into rules to one target', () => {
    const test = createTestApp();
    const worker = createWorker(test, { wake: WakeUp.onArrival() });
    const target = IngestTarget.worker(worker);
    const route = new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', {
      prefixes: tenants,
      suffixes: ['.json'],
      target,
    });
    const template = synth(test);
    const patterns = patternsOf(template);
    expect(route.rules).toHaveLength(patterns.length);
    expect(route.rules.map(({ node }) => node.id)).toEqual(['Rule', 'Rule2', 'Rule3', 'Rule4']);
    expect(route.rule).toBe(route.rules[0]);
    const keys = patterns.flatMap(({ detail }) => detail.object.key.map((key) => JSON.stringify(key)));
    expect(new Set(keys).size).toBe(160);
    expect(keys).toHaveLength(160);
    for (const pattern of patterns) {
      const name = { bucket: { name: ['x'.repeat(63)] } };
      expect(JSON.stringify({ ...pattern, detail: { ...pattern.detail, ...name } }).length).toBeLessThanOrEqual(2_048);
    }
    template.allResourcesProperties('AWS::Events::Rule', { Targets: [Match.anyValue(), Match.anyValue()] });
    Annotations.fromStack(test.stack).hasNoWarning('*', Match.stringLikeRegexp('patternSize'));
  });

  it('keeps patterns that match the same key in one rule', () => {
    const test = createTestApp();
    const route = new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', {
      prefixes: ['tenants/', ...tenants],
      suffixes: ['.json'],
      caseSensitiveSuffixes: true,
      target: IngestTarget.queue(),
    });
    expect(route.rules).toHaveLength(1);
    const many = new FileIngestBucket(test.stack, 'Other').addRoute('Route', {
      keyPatterns: ['z*1', ...Array.from({ length: 45 }, (_, index) => `a${index}*${'long/'.repeat(5)}*`), 'y*1', 'a*'],
      target: IngestTarget.queue(),
    });
    expect(many.rules).toHaveLength(2);
    const groups = many.rules.map((rule) => {
      const { eventPattern } = rule.node.defaultChild as events.CfnRule;
      return (test.stack.resolve(eventPattern) as { detail: { object: { key: object[] } } }).detail.object.key;
    });
    expect(groups.map((keys) => keys.length)).toEqual([2, 46]);
    synth(test);
    Annotations.fromStack(test.stack).hasWarning(
      '/Pipeline/Other/Route',
      Match.stringLikeRegexp('cannot be split, .*cdk-fileworks:FileIngestBucket.patternSize'),
    );
  });

  it('counts the source and the name of the bucket in the size of a pattern', () => {
    const rulesWith = (length: number) => {
      const test = createTestApp();
      const inbox = new FileIngestBucket(test.stack, 'Inbox');
      const prefixes = ['a', 'b'].map((start) => start.padEnd(length, 'x'));
      return inbox.addRoute('Route', { prefixes, target: IngestTarget.queue() }).rules.length;
    };
    const empty = {
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: ['x'.repeat(63)] },
        object: { key: [{ prefix: '' }, { prefix: '' }], size: [{ 'anything-but': [0] }] },
      },
    };
    const room = Math.floor((2_048 - JSON.stringify(empty).length) / 2);
    expect([rulesWith(room), rulesWith(room + 1)]).toEqual([1, 2]);
  });

  it('throws for a pattern that EventBridge accepts with no quota, and for an archive of several', () => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    const target = IngestTarget.queue();
    const excludeKeyPatterns = Array.from({ length: 120 }, (_, index) => `excluded/folder-${index}/*/of/everyone/*`);
    expect(() => inbox.addRoute('Excludes', { excludeKeyPatterns, target })).toThrow(
      /^the conditions of the route cannot be split into event patterns of up to 4096 characters, the maximum of EventBridge, got: \d+; use fewer or shorter patterns, or add routes \[at Pipeline\/Inbox\/Excludes\]$/,
    );
    expect(() =>
      inbox.addRoute('Archived', { prefixes: tenants, suffixes: ['.json'], archiveFor: Duration.days(1), target }),
    ).toThrow(
      'archiveFor needs one rule, because an archive has one event pattern, and the pattern of this route is split into 4; use fewer or shorter prefixes, set ' +
        'caseSensitiveSuffixes, or add routes [at Pipeline/Inbox/Archived]',
    );
  });

  it('warns from the 31st rule with wildcards on, in all stacks of an account and region', () => {
    const test = createTestApp();
    const stacks = ['One', 'Two', 'Elsewhere'].map(
      (id) => new Stack(test.app, id, id === 'Elsewhere' ? { env: { region: 'eu-west-1' } } : {}),
    );
    for (const stack of stacks) {
      const inbox = new FileIngestBucket(stack, 'Inbox');
      const target = IngestTarget.existingQueue(new sqs.Queue(stack, 'Jobs'));
      for (let i = 0; i < 16; i += 1) {
        inbox.addRoute(`Both${i}`, { prefixes: [`${i}/`], suffixes: ['.csv'], target });
        inbox.addRoute(`Prefix${i}`, { prefixes: [`${i}-other/`], target });
      }
    }
    const warnings = stacks.flatMap((stack) =>
      Annotations.fromStack(stack)
        .findWarning('*', Match.stringLikeRegexp('FileIngestBucket.wildcardRules'))
        .map(({ id, entry }) => [id, entry.data]),
    );
    expect(warnings).toEqual(
      [
        ['/Two/Inbox/Both14', 31],
        ['/Two/Inbox/Both15', 32],
      ].map(([id, count]) => [
        id,
        `This is rule ${count} with wildcards on the default event bus of its account and region, and EventBridge accepts 30, which cannot be raised; match by prefixes or ` +
          'by suffixes alone, combine routes to one target, use Delivery.s3Notifications(), or acknowledge this if the stacks are deployed to several accounts ' +
          '[ack: cdk-fileworks:FileIngestBucket.wildcardRules]',
      ]),
    );
  });

  it.each<[string, Omit<IngestRouteOptions, 'target'>]>([
    ['prefixes cannot be empty or hold an empty string; omit it to match every object', { prefixes: [] }],
    ['suffixes cannot be empty or hold an empty string; omit it to match every object', { suffixes: ['.csv', ''] }],
    ['prefixes cannot start with a slash, because keys do not, got: /in/; write in/', { prefixes: ['in/', '/in/'] }],
    ['reasons cannot be empty or hold an empty string; omit it to match every object', { reasons: [] }],
    [
      'keyPatterns cannot contain two asterisks in a row, got: a/**; one asterisk matches any text',
      { keyPatterns: ['a/**'] },
    ],
    [
      'excludeKeyPatterns cannot contain two asterisks in a row, got: a\\\\**; one asterisk matches any text',
      { excludeKeyPatterns: ['a\\\\**'] },
    ],
    ...['a\\b*', 'a*\\'].map((pattern): [string, Omit<IngestRouteOptions, 'target'>] => [
      `keyPatterns can contain a backslash only before an asterisk or another backslash, got: ${pattern}; write \\\\ for a backslash in a key`,
      { keyPatterns: [pattern] },
    ]),
    [
      'prefixes, suffixes cannot be set together with keyPatterns; EventBridge treats conditions on a key as alternatives; use one pattern for all',
      { keyPatterns: ['a*'], prefixes: ['a'], suffixes: ['b'] },
    ],
    [
      'prefixes cannot be set together with excludeKeyPatterns; EventBridge treats conditions on a key as alternatives; store excluded objects outside of the prefix',
      { excludeKeyPatterns: ['a*'], prefixes: ['a'] },
    ],
    [
      'caseSensitiveSuffixes cannot be set together with no suffixes; omit it, because prefixes and patterns are always case-sensitive',
      { caseSensitiveSuffixes: true },
    ],
    [
      'ignoreEmptyObjects cannot be set together with minSize; minSize already sets the minimum size',
      { minSize: Size.bytes(2), ignoreEmptyObjects: true },
    ],
    [
      'minSize cannot be more than maxSize, got: 2048 and 1024 bytes',
      { minSize: Size.kibibytes(2), maxSize: Size.kibibytes(1) },
    ],
    [
      'maxSize cannot be more than 5000000000 bytes, the largest number that EventBridge compares, got: 5368709120',
      { maxSize: Size.gibibytes(5) },
    ],
    ['minSize cannot be more than maxSize, got: 1 (the default) and 0 bytes', { maxSize: Size.bytes(0) }],
    ['archiveFor must be a whole number of days 1 or more, got: 0.5', { archiveFor: Duration.hours(12) }],
    [
      'minSize must be known at synth, because other values are computed from it; use a literal size (no token)',
      { minSize: Size.bytes(Lazy.number({ produce: () => 2 })) },
    ],
    ['maxEventAge must be a whole number of seconds from 60 to 86400, got: 59', { maxEventAge: Duration.seconds(59) }],
    [
      'maxEventAge must be a whole number of seconds from 60 to 86400, got: 86401',
      { maxEventAge: Duration.seconds(86_401) },
    ],
    ['retryAttempts must be a whole number from 0 to 185, got: 186', { retryAttempts: 186 }],
  ])('throws: %s', (message, options) => {
    const test = createTestApp();
    const target = IngestTarget.existingQueue(new sqs.Queue(test.stack, 'Jobs'));
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    expect(() => inbox.addRoute('Route', { ...options, target })).toThrow(
      new Error(`${message} [at Pipeline/Inbox/Route]`),
    );
  });

  it('throws for a queue with the key that AWS manages', () => {
    const test = createTestApp();
    const target = IngestTarget.existingQueue(
      new sqs.Queue(test.stack, 'Jobs', { encryption: sqs.QueueEncryption.KMS_MANAGED }),
    );
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    expect(() => inbox.addRoute('Route', { target })).toThrow(
      'target cannot be a queue with QueueEncryption.KMS_MANAGED, because EventBridge may not use the AWS managed key for SQS; use QueueEncryption.SQS_MANAGED, or KMS with a customer-managed key [at Pipeline/Inbox/Route]',
    );
  });

  it('lets EventBridge use the key of an encrypted worker', () => {
    const test = createTestApp();
    const encryptionKey = new kms.Key(test.stack, 'Key', { enableKeyRotation: true });
    new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', {
      target: IngestTarget.worker(createWorker(test, { encryptionKey })),
    });
    synth(test).hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: { Statement: Match.arrayWith([Match.objectLike({ Principal: { Service: 'events.amazonaws.com' } })]) },
    });
  });
});

describe('a route with an archive', () => {
  const build = (options: Partial<IngestRouteOptions> = { archiveFor: Duration.days(30) }) => {
    const test = createTestApp();
    const target = IngestTarget.queue();
    return {
      test,
      route: new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', { prefixes: ['in/'], target, ...options }),
    };
  };

  it('keeps the events that its rule matches, and no others', () => {
    const { test, route } = build();
    const template = synth(test);
    const [rule] = Object.values(template.findResources('AWS::Events::Rule')) as {
      Properties: { EventPattern: unknown };
    }[];
    template.hasResourceProperties('AWS::Events::Archive', {
      RetentionDays: 30,
      EventPattern: rule.Properties.EventPattern,
      SourceArn: { 'Fn::Join': ['', Match.arrayWith([':event-bus/default'])] },
    });
    expect(route.archive).toBeDefined();
  });

  it('lets an operator replay it', () => {
    const { test, route } = build();
    route.grantReplay(role(test));
    const replays = { 'Fn::Join': ['', Match.arrayWith([':replay/*'])] };
    synth(test).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          { Effect: 'Allow', Action: ['events:DescribeReplay', 'events:CancelReplay'], Resource: replays },
          {
            Effect: 'Allow',
            Action: 'events:StartReplay',
            Resource: [
              { 'Fn::GetAtt': [Match.stringLikeRegexp('^InboxRouteArchive'), 'Arn'] },
              replays,
              { 'Fn::Join': ['', Match.arrayWith([':event-bus/default'])] },
            ],
          },
        ],
      },
    });
  });

  it('has none to replay by default', () => {
    const { test, route } = build({});
    expect(() => route.grantReplay(role(test))).toThrow(
      'grantReplay needs archiveFor, because only archived events can be replayed; set it on the route [at Pipeline/Inbox/Route]',
    );
  });
});

describe('a compact message', () => {
  it('is the event with no more than what Fileworks reads', () => {
    const test = createTestApp();
    new FileIngestBucket(test.stack, 'Inbox').addRoute('Route', {
      target: IngestTarget.queue({ format: IngestMessageFormat.COMPACT }),
    });
    synth(test).hasResourceProperties('AWS::Events::Rule', {
      Targets: [
        Match.objectLike({
          InputTransformer: {
            InputPathsMap: {
              id: '$.id',
              time: '$.time',
              'detail-bucket': '$.detail.bucket',
              'detail-object': '$.detail.object',
            },
            InputTemplate:
              '{"id":<id>,"time":<time>,"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":<detail-bucket>,"object":<detail-object>}}',
          },
        }),
      ],
    });
  });
});

describe('Delivery.s3Notifications', () => {
  const delivery = Delivery.s3Notifications();
  const direct = { delivery, ignoreEmptyObjects: false } as const;
  const create = (test = createTestApp()) => ({ test, inbox: new FileIngestBucket(test.stack, 'Inbox') });
  const target = (test: TestApp, props: sqs.QueueProps = {}) =>
    IngestTarget.existingQueue(new sqs.Queue(test.stack, 'Jobs', props));

  it('has S3 send to the queue itself, filtered at the source, and adds no rule', () => {
    const { test, inbox } = create();
    const route = inbox.addRoute('Json', {
      ...direct,
      prefixes: ['data in/', 'ö/'],
      suffixes: ['.JSON'],
      caseSensitiveSuffixes: true,
      reasons: [IngestReason.PUT_OBJECT, IngestReason.COMPLETE_MULTIPART_UPLOAD],
      target: target(test),
    });
    const template = synth(test);
    const queue = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Jobs'), 'Arn'] };
    const filter = (prefix: string) => ({
      S3Key: {
        Rules: [
          { Name: 'prefix', Value: prefix },
          { Name: 'suffix', Value: '.JSON' },
        ],
      },
    });
    template.hasResource('AWS::S3::Bucket', {
      DependsOn: [Match.stringLikeRegexp('^JobsPolicy')],
      Properties: {
        NotificationConfiguration: {
          EventBridgeConfiguration: Match.absent(),
          QueueConfigurations: [
            { Event: 's3:ObjectCreated:Put', Queue: queue, Filter: filter('data+in/') },
            { Event: 's3:ObjectCreated:CompleteMultipartUpload', Queue: queue, Filter: filter('data+in/') },
            { Event: 's3:ObjectCreated:Put', Queue: queue, Filter: filter('%C3%B6/') },
            { Event: 's3:ObjectCreated:CompleteMultipartUpload', Queue: queue, Filter: filter('%C3%B6/') },
          ],
        },
      },
    });
    template.resourceCountIs('AWS::Events::Rule', 0);
    expect([route.rule, route.deadLetterQueue, route.queue?.node.id]).toEqual([undefined, undefined, 'Jobs']);
  });

  it('lets S3 send for this account only, and use the key of the queue', () => {
    const { test, inbox } = create();
    const ofThisAccount = {
      Principal: { Service: 's3.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    };
    inbox.addRoute('All', { ...direct, target: target(test, { encryptionMasterKey: new kms.Key(test.stack, 'Key') }) });
    const template = synth(test);
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: { Statement: [Match.objectLike({ Action: 'sqs:SendMessage', ...ofThisAccount })] },
    });
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: ['kms:GenerateDataKey', 'kms:Decrypt'], ...ofThisAccount }),
        ]),
      },
    });
    template.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: { QueueConfigurations: [{ Event: 's3:ObjectCreated:*', Filter: Match.absent() }] },
    });
  });

  it('writes a suffix out in its spellings, stands beside routes of EventBridge, and lets a worker read', () => {
    const { test, inbox } = create();
    inbox.addRoute('Archives', {
      ...direct,
      prefixes: ['in/'],
      suffixes: ['.7z'],
      target: IngestTarget.worker(createWorker(test)),
    });
    inbox.addRoute('Others', { prefixes: ['out/'], target: target(test) });
    const template = synth(test);
    template.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: {
        EventBridgeConfiguration: { EventBridgeEnabled: true },
        QueueConfigurations: ['.7z', '.7Z'].map((suffix) =>
          Match.objectLike({
            Filter: {
              S3Key: {
                Rules: [
                  { Name: 'prefix', Value: 'in/' },
                  { Name: 'suffix', Value: suffix },
                ],
              },
            },
          }),
        ),
      },
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ Action: ['s3:GetObject', 's3:GetObjectVersion'] })]),
      },
    });
  });

  it('warns that the policy of an imported queue is not its own', () => {
    const { test, inbox } = create();
    inbox.addRoute('Route', {
      ...direct,
      target: IngestTarget.existingQueue(
        sqs.Queue.fromQueueArn(test.stack, 'Jobs', 'arn:aws:sqs:eu-west-1:111122223333:jobs'),
      ),
    });
    synth(test);
    Annotations.fromStack(test.stack).hasWarning(
      '/Pipeline/Inbox/Route',
      Match.stringLikeRegexp('cdk-fileworks:FileIngestBucket.importedQueue'),
    );
  });

  const refusal =
    'target cannot receive S3 notifications, which are sent unchanged to standard queues and cannot wake a worker; use IngestTarget.queue(), existingQueue() or worker() without FIFO, messageGroupId, IngestMessageFormat.COMPACT and wake, or use Delivery.eventBridge()';
  it.each<[string, (test: TestApp) => IngestTarget]>([
    ['a function', (test) => IngestTarget.lambdaFunction(createFunction(test))],
    ['a compact message', () => IngestTarget.queue({ format: IngestMessageFormat.COMPACT })],
    [
      'a FIFO queue',
      (test) =>
        IngestTarget.existingQueue(new sqs.Queue(test.stack, 'Jobs', { fifo: true, contentBasedDeduplication: true }), {
          messageGroupId: 'a',
        }),
    ],
    ['a worker that is woken', (test) => IngestTarget.worker(createWorker(test, { wake: WakeUp.onArrival() }))],
  ])('throws for %s', (_, bring) => {
    const { test, inbox } = create();
    expect(() => inbox.addRoute('Route', { ...direct, target: bring(test) })).toThrow(
      new Error(`${refusal} [at Pipeline/Inbox/Route]`),
    );
  });

  const foreign =
    'Delivery.s3Notifications() needs a bucket whose notifications the construct owns, and those of this bucket are set elsewhere; let FileIngestBucket create the bucket, add the notification where the others are set and use the queue, or use Delivery.eventBridge()';
  it.each<[string, (test: TestApp) => s3.IBucket]>([
    ['is imported', ({ stack }) => s3.Bucket.fromBucketName(stack, 'Files', 'files')],
    [
      'has a custom resource for its notifications',
      ({ stack }) => {
        const bucket = new s3.Bucket(stack, 'Files');
        bucket.addEventNotification(s3.EventType.OBJECT_REMOVED, new SqsDestination(new sqs.Queue(stack, 'Removed')));
        return bucket;
      },
    ],
  ])('throws for a bucket that %s', (_, bring) => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(test.stack, 'Inbox', { bucket: bring(test) });
    expect(() => inbox.addRoute('Route', { ...direct, target: target(test) })).toThrow(
      new Error(`${foreign} [at Pipeline/Inbox/Route]`),
    );
  });

  const rulesOnly =
    'cannot be set together with Delivery.s3Notifications(); S3 has no rule and filters by prefixes, suffixes and reasons only; use Delivery.eventBridge()';
  it.each<[string, Partial<IngestRouteOptions>]>([
    [`keyPatterns, maxEventAge ${rulesOnly}`, { keyPatterns: ['a'], maxEventAge: Duration.hours(1) }],
    [`maxSize, archiveFor ${rulesOnly}`, { maxSize: Size.bytes(9), archiveFor: Duration.days(1) }],
    [
      'ignoreEmptyObjects must be false with Delivery.s3Notifications(), because S3 does not filter by size; set it, and let the worker return early for an empty object',
      { ignoreEmptyObjects: undefined },
    ],
    [
      'prefixes and suffixes cannot contain an asterisk with Delivery.s3Notifications(), which S3 does not support, got: a*/',
      { prefixes: ['a*/'] },
    ],
    [
      'prefixes and suffixes of Route cannot match the same object with Delivery.s3Notifications(), which S3 refuses, got both for "a/b/.csv"; narrow them, or use Delivery.eventBridge()',
      { prefixes: ['a/', 'a/b/'], suffixes: ['.csv'], caseSensitiveSuffixes: true },
    ],
    [
      'S3 accepts 100 notifications for a bucket, and its routes would need 112, one for each prefix and each spelling of a suffix; set caseSensitiveSuffixes, or use Delivery.eventBridge()',
      { prefixes: ['a/', 'b/', 'c/', 'd/', 'e/', 'f/', 'g/'], suffixes: ['.json'] },
    ],
  ])('throws: %s', (message, options) => {
    const { test, inbox } = create();
    expect(() => inbox.addRoute('Route', { ...direct, ...options, target: target(test) })).toThrow(
      new Error(`${message} [at Pipeline/Inbox/Route]`),
    );
  });

  it('throws for a route whose objects another one is told of, but not by another call', () => {
    const { test, inbox } = create();
    inbox.addRoute('A', { ...direct, prefixes: ['in/'], reasons: [IngestReason.PUT_OBJECT], target: target(test) });
    inbox.addRoute('B', {
      ...direct,
      prefixes: ['in/'],
      reasons: [IngestReason.COPY_OBJECT],
      target: IngestTarget.queue(),
    });
    expect(() =>
      inbox.addRoute('C', { ...direct, suffixes: ['.csv'], caseSensitiveSuffixes: true, target: IngestTarget.queue() }),
    ).toThrow(
      'A and C cannot match the same object with Delivery.s3Notifications(), which S3 refuses, got both for "in/.csv"; narrow them, or use Delivery.eventBridge()',
    );
  });

  it('throws for a route in another stack than the bucket', () => {
    const { test, inbox } = create();
    const other = new Stack(test.app, 'Other');
    expect(() => new IngestRoute(other, 'Route', { ...direct, source: inbox, target: IngestTarget.queue() })).toThrow(
      /^a route with Delivery.s3Notifications\(\) must be in the stack/,
    );
  });
});

describe('FileIngestBucket with an existing bucket', () => {
  it('enables EventBridge natively on a bucket of the app', () => {
    const test = createTestApp();
    const bucket = new s3.Bucket(test.shared, 'Files');
    const inbox = new FileIngestBucket(test.stack, 'Inbox', { bucket });
    const template = synth(test);
    expect(inbox.bucket).toBe(bucket);
    template.resourceCountIs('AWS::S3::Bucket', 0);
    Template.fromStack(test.shared).hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
  });

  it('leaves the notifications with the custom resource that already owns them', () => {
    const test = createTestApp();
    const bucket = new s3.Bucket(test.stack, 'Files');
    bucket.addEventNotification(s3.EventType.OBJECT_REMOVED, new SqsDestination(new sqs.Queue(test.stack, 'Removed')));
    new FileIngestBucket(test.stack, 'Inbox', { bucket });
    const template = synth(test);
    template.hasResourceProperties('AWS::S3::Bucket', { NotificationConfiguration: Match.absent() });
    template.hasResourceProperties('Custom::S3BucketNotifications', {
      NotificationConfiguration: Match.objectLike({
        EventBridgeConfiguration: {},
        QueueConfigurations: Match.anyValue(),
      }),
    });
  });

  it('tells how to enable EventBridge on an imported bucket', () => {
    const test = createTestApp();
    new FileIngestBucket(test.stack, 'Inbox', { bucket: s3.Bucket.fromBucketName(test.stack, 'Files', 'files') });
    synth(test);
    Annotations.fromStack(test.stack).hasWarning(
      '/Pipeline/Inbox',
      Match.stringLikeRegexp(
        'put-bucket-notification-configuration --bucket files .*cdk-fileworks:FileIngestBucket.importedBucket',
      ),
    );
  });

  it('throws for a bucket whose notifications were set by hand', () => {
    const test = createTestApp();
    const bucket = new s3.Bucket(test.stack, 'Files');
    (bucket.node.defaultChild as s3.CfnBucket).notificationConfiguration = { queueConfigurations: [] };
    expect(() => new FileIngestBucket(test.stack, 'Inbox', { bucket })).toThrow(
      /^bucket has a notificationConfiguration already.* \[at Pipeline\/Inbox\]$/,
    );
  });

  it('throws for props of a new bucket', () => {
    const test = createTestApp();
    const bucket = s3.Bucket.fromBucketName(test.stack, 'Files', 'files');
    expect(() => new FileIngestBucket(test.stack, 'Inbox', { bucket, versioned: true, bucketName: 'x' })).toThrow(
      'bucketName, versioned cannot be set together with bucket; set them where the bucket is created [at Pipeline/Inbox]',
    );
  });
});

describe('FileIngestBucket', () => {
  it('fails at synth when notifications are added behind its back', () => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    inbox.bucket.addEventNotification(
      s3.EventType.OBJECT_CREATED,
      new SqsDestination(new sqs.Queue(test.stack, 'Other')),
    );
    expect(() => synth(test)).toThrow(
      /addEventNotification and enableEventBridgeNotification cannot be used on this bucket/,
    );
  });

  it('takes options for its bucket', () => {
    const test = createTestApp();
    new FileIngestBucket(test.stack, 'Inbox', {
      bucketName: 'my-inbox',
      versioned: false,
      encryptionKey: new kms.Key(test.stack, 'Key'),
      lifecycleRules: [{ id: 'Expire', expiration: Duration.days(90) }],
      serverAccessLogsBucket: s3.Bucket.fromBucketName(test.stack, 'Logs', 'logs'),
      serverAccessLogsPrefix: 'inbox/',
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const template = synth(test);
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Delete',
      Properties: {
        BucketName: 'my-inbox',
        VersioningConfiguration: Match.absent(),
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { BucketKeyEnabled: true, ServerSideEncryptionByDefault: Match.objectLike({ SSEAlgorithm: 'aws:kms' }) },
          ],
        },
        LifecycleConfiguration: {
          Rules: [
            { Id: 'Housekeeping', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
            { Id: 'Expire', Status: 'Enabled', ExpirationInDays: 90 },
          ],
        },
        LoggingConfiguration: { DestinationBucketName: 'logs', LogFilePrefix: 'inbox/' },
      },
    });
  });

  it('throws when a prefix of logs has no bucket', () => {
    const test = createTestApp();
    expect(() => new FileIngestBucket(test.stack, 'Inbox', { serverAccessLogsPrefix: 'x' })).toThrow(
      'serverAccessLogsPrefix needs serverAccessLogsBucket, the bucket that receives the logs [at Pipeline/Inbox]',
    );
  });

  it('grants reading of a current version only, when there are no others', () => {
    const test = createTestApp();
    new FileIngestBucket(test.stack, 'Inbox', { versioned: false }).grantRead(role(test), 'in/');
    synth(test).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [Match.objectLike({ Action: 's3:GetObject' })] },
    });
  });

  it('grants uploads, and the key that they need', () => {
    const test = createTestApp();
    new FileIngestBucket(test.stack, 'Inbox', { encryptionKey: new kms.Key(test.stack, 'Key') }).grantUpload(
      role(test),
    );
    synth(test).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Action: ['kms:GenerateDataKey', 'kms:Decrypt'] }),
          Match.objectLike({ Action: ['s3:PutObject', 's3:AbortMultipartUpload'] }),
        ],
      },
    });
  });

  it('can be given other defaults by a property injector', () => {
    const test = createTestApp();
    PropertyInjectors.of(test.stack).add({
      constructUniqueId: FileIngestBucket.PROPERTY_INJECTION_ID,
      inject: (originalProps: object) => ({ versioned: false, ...originalProps }),
    });
    new FileIngestBucket(test.stack, 'Inbox');
    synth(test).hasResourceProperties('AWS::S3::Bucket', { VersioningConfiguration: Match.absent() });
  });
});

describe('The queue policies of many routes', () => {
  const statementsOf = (routes: number) => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    const worker = createWorker(test, { wake: WakeUp.onArrival() });
    for (let i = 0; i < routes; i += 1) {
      inbox.addRoute(`Route${i}`, { prefixes: [`in-${i}/`], target: IngestTarget.worker(worker) });
    }
    const policies = Object.values(synth(test).findResources('AWS::SQS::QueuePolicy'));
    return policies
      .map(({ Properties }) => (Properties as { PolicyDocument: { Statement: iam.PolicyStatement[] } }).PolicyDocument)
      .map(({ Statement }) => Statement as unknown as { Action: string; Condition: { ArnLike?: object } }[])
      .filter((statements) => statements.some(({ Condition }) => Condition.ArnLike !== undefined));
  };
  const sources = (statements: ReturnType<typeof statementsOf>[number]) =>
    statements.flatMap(({ Condition }) =>
      Condition.ArnLike === undefined ? [] : [(Condition.ArnLike as { 'aws:SourceArn': unknown[] })['aws:SourceArn']],
    );

  it('name each rule in one statement', () => {
    const policies = statementsOf(25);
    expect(policies).toHaveLength(3);
    for (const statements of policies) {
      expect(sources(statements).map((arns) => arns.length)).toEqual([25]);
    }
  });

  it('allow the rules of the account if their ARNs do not fit', () => {
    const policies = statementsOf(100);
    expect(policies).toHaveLength(3);
    for (const statements of policies) {
      expect(sources(statements)).toEqual([[expect.anything()]]);
      expect(JSON.stringify(sources(statements))).toContain(':rule/*');
      expect(JSON.stringify(statements).length).toBeLessThan(8_192);
    }
  });

  it('of an imported queue must allow the rules, as a warning says', () => {
    const test = createTestApp();
    const queue = sqs.Queue.fromQueueArn(test.stack, 'Imported', 'arn:aws:sqs:us-east-1:123456789012:imported');
    new FileIngestBucket(test.stack, 'Inbox').addRoute('All', { target: IngestTarget.existingQueue(queue) });
    Annotations.fromStack(test.stack).hasWarning(
      '*',
      Match.stringLikeRegexp('must allow events.amazonaws.com .*FileIngestBucket.importedTargetQueue'),
    );
  });

  it('and the key of an encrypted queue allow EventBridge', () => {
    const test = createTestApp();
    const encryptionMasterKey = new kms.Key(test.stack, 'Key');
    const queue = new sqs.Queue(test.stack, 'Encrypted', { encryptionMasterKey });
    new FileIngestBucket(test.stack, 'Inbox').addRoute('All', { target: IngestTarget.existingQueue(queue) });
    synth(test).hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
            Principal: { Service: 'events.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ]),
      },
    });
  });
});

describe('The policy of a function that is the target of many routes', () => {
  const permissionsOf = (routes: number) => {
    const test = createTestApp();
    const inbox = new FileIngestBucket(test.stack, 'Inbox');
    const target = IngestTarget.lambdaFunction(createFunction(test));
    for (let i = 0; i < routes; i += 1) {
      inbox.addRoute(`Route${i}`, { prefixes: [`in-${i}/`], target });
    }
    const template = synth(test);
    template.allResourcesProperties('AWS::Events::Rule', {
      Targets: [
        {
          Id: 'Target0',
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Handler'), 'Arn'] },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
          DeadLetterConfig: Match.anyValue(),
        },
      ],
    });
    return Object.values(template.findResources('AWS::Lambda::Permission')).map(
      ({ Properties }) => Properties as { SourceArn: object },
    );
  };

  it('has a permission for each rule', () => {
    const permissions = permissionsOf(30);
    expect(permissions).toHaveLength(30);
    expect(JSON.stringify(permissions)).not.toContain('rule/*');
  });

  it('allows the rules of the account if the permissions do not fit', () => {
    const permissions = permissionsOf(60);
    expect(permissions).toHaveLength(31);
    expect(permissions.filter((permission) => JSON.stringify(permission).includes(':rule/*'))).toEqual([
      {
        Action: 'lambda:InvokeFunction',
        FunctionName: { 'Fn::GetAtt': [expect.stringMatching(/^Handler/), 'Arn'] },
        Principal: 'events.amazonaws.com',
        SourceArn: expect.anything() as object,
      },
    ]);
  });
});

it.each([false, true])(
  'a second FileIngestBucket on one bucket is refused, with a handler of the CDK: %s',
  (handler) => {
    const test = createTestApp();
    const bucket = new s3.Bucket(test.stack, 'Bucket', { eventBridgeEnabled: handler });
    new FileIngestBucket(test.stack, 'First', { bucket });
    expect(() => new FileIngestBucket(test.stack, 'Second', { bucket })).toThrow(
      'bucket belongs to another FileIngestBucket already, which owns its notifications; add the route to that one',
    );
  },
);
