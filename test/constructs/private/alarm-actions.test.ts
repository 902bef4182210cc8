import { App, Aws, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { LambdaAction, SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import { FileIngestBucket, PipelineAlarms, PipelineDashboard, PipelineStage, TaskLifecycleAlerts } from '../../../src';

interface Statement {
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

const createStack = () => new Stack(new App(), 'Pipeline');
const ofThisAccount = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };

/** A construct with an alarm. */
function use(topic: sns.ITopic, scope: Stack, id = 'Inbox'): FileIngestBucket {
  const inbox = new FileIngestBucket(scope, id);
  PipelineAlarms.of(inbox).notify(new SnsAction(topic));
  return inbox;
}

/** The statements for CloudWatch in policies of a kind. */
function statements(stack: Stack, type: string, property: string): Statement[] {
  const found = Object.values(Template.fromStack(stack).findResources(type)) as Record<string, never>[];
  return found
    .flatMap(({ Properties }) => (Properties[property] as { Statement: Statement[] }).Statement)
    .filter(({ Principal: principal }) => JSON.stringify(principal) === '{"Service":"cloudwatch.amazonaws.com"}');
}

const ofTopics = (stack: Stack) => statements(stack, 'AWS::SNS::TopicPolicy', 'PolicyDocument');
const ofKeys = (stack: Stack) => statements(stack, 'AWS::KMS::Key', 'KeyPolicy');

function warnings(stack: Stack, id: string): number {
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(`cdk-fileworks:${id}\\]$`)).length;
}

describe('a topic of alarms', () => {
  it('allows CloudWatch once when its policy has replaced the default one', () => {
    const stack = createStack();
    const topic = new sns.Topic(stack, 'Topic', { enforceSSL: true });
    use(topic, stack);
    use(topic, stack, 'Another');
    expect(ofTopics(stack)).toEqual([
      {
        Action: 'sns:Publish',
        Sid: expect.any(String),
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Resource: { Ref: 'TopicBFC7AF6E' },
        Condition: ofThisAccount,
      },
    ]);
  });

  it('gets no policy when it has none, because that would deny its other publishers', () => {
    const stack = createStack();
    use(new sns.Topic(stack, 'Topic'), stack);
    Template.fromStack(stack).resourceCountIs('AWS::SNS::TopicPolicy', 0);
  });

  it('allows CloudWatch when it gets its policy later', () => {
    const stack = createStack();
    const topic = new sns.Topic(stack, 'Topic');
    use(topic, stack);
    new Rule(stack, 'Rule', { eventPattern: { source: ['acme'] }, targets: [new SnsTopic(topic)] });
    expect(ofTopics(stack)).toHaveLength(1);
  });

  it('allows CloudWatch in a policy that is not its own', () => {
    const stack = createStack();
    const [topic, other] = ['Topic', 'Other'].map((id) => new sns.Topic(stack, id));
    use(topic, stack);
    const policyDocument = new iam.PolicyDocument();
    new sns.TopicPolicy(stack, 'Policy', { topics: [other, topic], policyDocument, enforceSSL: true });
    new sns.TopicPolicy(stack, 'OtherPolicy', { topics: [other], enforceSSL: true });
    expect(ofTopics(stack)).toEqual([expect.objectContaining({ Resource: { Ref: 'TopicBFC7AF6E' } })]);
  });

  it('allows the accounts of the alarms', () => {
    const app = new App();
    const [shared, pipeline] = ['111122223333', '444455556666'].map(
      (account, index) => new Stack(app, `Stack${index}`, { env: { account, region: 'eu-central-1' } }),
    );
    const topic = new sns.Topic(shared, 'Topic', { enforceSSL: true, topicName: 'alarms' });
    use(topic, shared);
    use(topic, pipeline);
    expect(ofTopics(shared).map(({ Condition: condition }) => condition)).toEqual([
      { StringEquals: { 'aws:SourceAccount': '111122223333' } },
      { StringEquals: { 'aws:SourceAccount': '444455556666' } },
    ]);
  });

  it('lets CloudWatch use its key, with and without a policy', () => {
    for (const enforceSSL of [true, false]) {
      const stack = createStack();
      const masterKey = new kms.Key(stack, 'Key');
      use(new sns.Topic(stack, 'Topic', { masterKey, enforceSSL }), stack);
      expect(ofKeys(stack)).toEqual([
        expect.objectContaining({
          Action: ['kms:GenerateDataKey*', 'kms:Decrypt'],
          Resource: '*',
          Condition: ofThisAccount,
        }),
      ]);
    }
  });

  it('warns of a key whose policy cannot be changed', () => {
    const stack = createStack();
    const masterKey = kms.Alias.fromAliasName(stack, 'Key', 'alias/aws/sns');
    use(new sns.Topic(stack, 'Topic', { masterKey }), stack);
    expect(warnings(stack, 'Alarm.importedTopicKey')).toBe(1);
  });

  it.each(['arn:aws:sns:eu-central-1:111122223333:alarms', `arn:aws:sns:eu-central-1:${Aws.ACCOUNT_ID}:alarms`])(
    'warns of an imported one, %s',
    (arn) => {
      const stack = createStack();
      use(sns.Topic.fromTopicArn(stack, 'Topic', arn), stack);
      expect(warnings(stack, 'Alarm.importedTopic')).toBe(1);
    },
  );

  it('of TaskLifecycleAlerts has one statement, also when other constructs use it', () => {
    const stack = createStack();
    use(new TaskLifecycleAlerts(stack, 'Alerts').topic, stack);
    expect([ofTopics(stack).length, ofKeys(stack).length]).toEqual([1, 1]);
  });

  it('of a dashboard allows CloudWatch', () => {
    const stack = createStack();
    const topic = new sns.Topic(stack, 'Topic', { enforceSSL: true });
    new PipelineDashboard(stack, 'Page', {
      stages: [PipelineStage.ingest(new FileIngestBucket(stack, 'Inbox'))],
      alarmActions: [new SnsAction(topic)],
    });
    expect(ofTopics(stack)).toHaveLength(1);
  });
});

it('an action that is no topic is bound once, without a warning', () => {
  const stack = createStack();
  const handler = new lambda.Function(stack, 'Handler', {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = () => {};'),
  });
  PipelineAlarms.of(stack).notify(new LambdaAction(handler));
  new FileIngestBucket(stack, 'Inbox');
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Permission', 1);
  expect(warnings(stack, 'Alarm.importedTopic')).toBe(0);
});
