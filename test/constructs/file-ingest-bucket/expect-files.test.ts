import { CfnParameter, Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import {
  Delivery,
  FileIngestBucket,
  IngestRoute,
  IngestTarget,
  type ExpectFilesOptions,
  type IngestRouteOptions,
} from '../../../src';
import { createTestApp, synth } from '../../support/cdk-stacks';

const target = IngestTarget.queue();

function createRoute(props: Partial<IngestRouteOptions> = {}) {
  const test = createTestApp();
  const inbox = new FileIngestBucket(test.stack, 'Inbox');
  return { test, inbox, route: inbox.addRoute('Files', { target, ...props }) };
}

describe('expectFiles', () => {
  it('counts what the rule of a route matches, and takes silence for too few', () => {
    const { test, route } = createRoute();
    const alarm = route.expectFiles({ atLeast: 5, every: Duration.days(7) });
    expect(alarm.node.path).toBe('Pipeline/Inbox/Files/ArrivalAlarm');
    synth(test).hasResourceProperties('AWS::CloudWatch::Alarm', {
      Metrics: [
        // A window without files has no data point, and an older one must not stand for it
        Match.objectLike({ Expression: 'FILL(files1, 0)' }),
        Match.objectLike({
          MetricStat: {
            Metric: {
              Namespace: 'AWS/Events',
              MetricName: 'MatchedEvents',
              Dimensions: [{ Name: 'RuleName', Value: { Ref: Match.stringLikeRegexp('^InboxFilesRule') } }],
            },
            Period: 604_800,
            Stat: 'Sum',
          },
        }),
      ],
      EvaluationPeriods: 1,
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 5,
      TreatMissingData: 'breaching',
    });
  });

  it('counts the files of all routes of a bucket in its stack', () => {
    const { test, inbox } = createRoute({ prefixes: ['a/'] });
    inbox.addRoute('More', { prefixes: ['b/'], target });
    new IngestRoute(test.shared, 'Elsewhere', { source: inbox, prefixes: ['c/'], target });
    inbox.expectFiles({ every: Duration.hours(1) });
    new IngestRoute(test.shared, 'Later', { source: inbox, prefixes: ['d/'], target });
    Template.fromStack(test.stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
      Metrics: [
        Match.objectLike({ Expression: 'FILL(files1, 0) + FILL(files2, 0)', ReturnData: true }),
        Match.objectLike({ Id: 'files1', MetricStat: Match.objectLike({ Period: 3_600 }) }),
        Match.objectLike({ Id: 'files2' }),
      ],
      Threshold: 1,
    });
  });

  it('counts the messages of the queue to which S3 sends itself', () => {
    const { test, route } = createRoute({ delivery: Delivery.s3Notifications(), ignoreEmptyObjects: false });
    route.expectFiles({ every: Duration.minutes(1) });
    synth(test).hasResourceProperties('AWS::CloudWatch::Alarm', {
      Metrics: Match.arrayWith([
        Match.objectLike({ MetricStat: { Metric: { MetricName: 'NumberOfMessagesSent' }, Period: 60 } }),
      ]),
    });
  });

  it.each<[string, ExpectFilesOptions]>([
    ['every must be a whole number of minutes from 1 to 10080, got: 10140', { every: Duration.hours(169) }],
    ['every must be a whole number of minutes from 1 to 10080, got: 0.5', { every: Duration.seconds(30) }],
    ['atLeast must be a whole number 1 or more, got: 0', { every: Duration.hours(1), atLeast: 0 }],
    ['atLeast must be a whole number 1 or more, got: NaN', { every: Duration.hours(1), atLeast: NaN }],
  ])('throws: %s', (message, options) => {
    const { route } = createRoute();
    expect(() => route.expectFiles(options)).toThrow(`${message} [at Pipeline/Inbox/Files]`);
  });

  it('throws for tokens', () => {
    const { test, route } = createRoute();
    const token = new CfnParameter(test.stack, 'Token', { type: 'Number' }).valueAsNumber;
    expect(() => route.expectFiles({ every: Duration.minutes(token) })).toThrow('every must be known at synth');
    expect(() => route.expectFiles({ atLeast: token, every: Duration.hours(1) })).toThrow(
      'atLeast must be known at synth',
    );
  });

  it('throws without a route, twice, before a route, and for more rules than an alarm has metrics', () => {
    const every = Duration.hours(1);
    const { test, inbox, route } = createRoute();
    const empty = new FileIngestBucket(test.stack, 'Empty');
    expect(() => empty.expectFiles({ every })).toThrow('expectFiles needs a route, whose files it counts');
    route.expectFiles({ every });
    expect(() => route.expectFiles({ every })).toThrow('expectFiles can be called once');
    inbox.expectFiles({ every });
    expect(() => inbox.addRoute('Late', { prefixes: ['late/'], target })).toThrow(
      'a route cannot be added after expectFiles of its bucket',
    );
    const many = new FileIngestBucket(test.stack, 'Many');
    for (let index = 0; index < 11; index++) {
      many.addRoute(`Route${index}`, { prefixes: [`${index}/`], target });
    }
    expect(() => many.expectFiles({ every })).toThrow(
      'expectFiles can count the files of 10 rules, the maximum of an alarm, got: 11; call it on the routes',
    );
  });
});
