import { Stack } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { Delivery, EventDelivery, FileIngestBucket, IngestRoute, IngestTarget } from '../../../src';
import { synth } from '../../support/cdk-stacks';
import { createDispatcher, findingsIn, variablesOf } from './support';

interface RuleResource {
  readonly Properties: {
    readonly EventPattern?: {
      readonly 'detail-type': readonly string[];
      readonly detail: { readonly bucket?: unknown; readonly object?: unknown };
    };
    readonly Targets: readonly { readonly Arn: unknown }[];
  };
}

/** Patterns and targets of the rules about objects, by the kind of event. */
function objectRules(template: Template): Record<string, { object: unknown; target: string }> {
  const rules = Object.values(template.findResources('AWS::Events::Rule')) as RuleResource[];
  return Object.fromEntries(
    rules.flatMap(
      ({
        Properties: {
          EventPattern: pattern,
          Targets: [target],
        },
      }) => {
        if (pattern?.detail.bucket === undefined) {
          return [];
        }
        const { object } = pattern.detail;
        return [[pattern['detail-type'].join(), { object, target: JSON.stringify(target.Arn) }]];
      },
    ),
  );
}

test('a route tells the dispatcher what is created and, by its keys alone, what is deleted', () => {
  const fixture = createDispatcher();
  const inbox = new FileIngestBucket(fixture.stack, 'Inbox');
  inbox.addRoute('Files', { prefixes: ['in/'], target: IngestTarget.dispatcher(fixture.dispatcher) });
  fixture.add('A', { tags: { a: 'b' } });
  const template = synth(fixture);
  const target = expect.stringContaining('DispatcherEventsQueue') as string;
  expect(objectRules(template)).toEqual({
    'Object Created': { object: { key: [{ prefix: 'in/' }], size: [{ 'anything-but': [0] }] }, target },
    'Object Deleted': { object: { key: [{ prefix: 'in/' }] }, target },
  });
  const inPrefix = { 'Fn::Join': ['', [Match.anyValue(), '/in/*']] };
  const allows = (action: string[]) =>
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: action, Resource: inPrefix })]) },
    });
  allows(['s3:GetObject', 's3:GetObjectVersion']);
  allows(['s3:GetObjectTagging', 's3:GetObjectVersionTagging']);
  expect(findingsIn(fixture)).toEqual([]);
});

test('a route of a disabled rule tells nothing of deletions either', () => {
  const fixture = createDispatcher();
  const inbox = new FileIngestBucket(fixture.stack, 'Inbox');
  inbox.addRoute('Files', { target: IngestTarget.dispatcher(fixture.dispatcher), enabled: false });
  fixture.add('A');
  synth(fixture).hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { 'detail-type': ['Object Deleted'] },
    State: 'DISABLED',
  });
});

test('a route from another stack is created in the stack of the dispatcher', () => {
  const fixture = createDispatcher();
  const inbox = new FileIngestBucket(fixture.shared, 'Inbox');
  expect(() => inbox.addRoute('Files', { target: IngestTarget.dispatcher(fixture.dispatcher) })).toThrow(
    /target is in the stack Pipeline.*create the route there/,
  );
  const route = new IngestRoute(fixture.stack, 'Files', {
    source: inbox,
    target: IngestTarget.dispatcher(fixture.dispatcher),
  });
  fixture.add('A');
  expect(Stack.of(route)).toBe(fixture.stack);
  expect(Object.keys(objectRules(synth(fixture)))).toEqual(['Object Created', 'Object Deleted']);
});

test('events come straight to the function where that is asked for, and those that fail go to the dead-letter queue', () => {
  const fixture = createDispatcher({ eventDelivery: EventDelivery.DIRECT });
  const inbox = new FileIngestBucket(fixture.stack, 'Inbox');
  fixture.dispatcher.addBucket('All', inbox, 'all/');
  inbox.addRoute('Files', { prefixes: ['in/'], target: IngestTarget.dispatcher(fixture.dispatcher) });
  fixture.add('A');
  const template = synth(fixture);
  expect(new Set(Object.values(objectRules(template)).map(({ target }) => target))).toEqual(
    new Set([expect.stringContaining('DispatcherIngress') as string]),
  );
  template.hasResourceProperties('AWS::Lambda::Function', {
    Description: Match.stringLikeRegexp('^Ingress of'),
    DeadLetterConfig: {
      TargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^DispatcherEventsDeadLetterQueue'), 'Arn'] },
    },
  });
  expect(findingsIn(fixture)).toEqual([]);
});

test('what is reconciled comes by the queue, however else events come', () => {
  const fixture = createDispatcher({ eventDelivery: EventDelivery.DIRECT });
  fixture.add('A');
  const template = synth(fixture);
  const { EVENT_QUEUE_URL: queue } = variablesOf(template, 'Operator');
  const events = (queue as { Ref: string }).Ref;
  expect(events).toMatch(/^DispatcherEventsQueue/);
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    EventSourceArn: { 'Fn::GetAtt': [events, 'Arn'] },
    FunctionName: { Ref: Match.stringLikeRegexp('^DispatcherIngress') },
  });
});

test('throws for a route with notifications of S3, which report no deletions', () => {
  const fixture = createDispatcher();
  const inbox = new FileIngestBucket(fixture.stack, 'Inbox');
  expect(() =>
    inbox.addRoute('Files', {
      delivery: Delivery.s3Notifications(),
      ignoreEmptyObjects: false,
      target: IngestTarget.dispatcher(fixture.dispatcher),
    }),
  ).toThrow(/target cannot receive S3 notifications.*use Delivery\.eventBridge\(\)/);
});

test('without that, no function of the dispatcher has a dead-letter queue of its own', () => {
  const fixture = createDispatcher();
  fixture.add('A');
  synth(fixture).allResourcesProperties('AWS::Lambda::Function', { DeadLetterConfig: Match.absent() });
});
