import { App, Annotations, Aspects, Stack, Stage } from 'aws-cdk-lib';
import { Annotations as Found, Match, Template } from 'aws-cdk-lib/assertions';
import { Alarm, AlarmBase, type IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { FileIngestBucket, PipelineAlarms, PipelineDashboard, PipelineStage, TaskLifecycleAlerts } from '../../../src';
import { createTestApp, createWorker } from '../../support/cdk-stacks';
import { createEachConstruct } from '../../support/each-construct';

interface Properties {
  readonly AlarmDescription?: string;
  readonly AlarmActions?: unknown[];
}

const createStack = () => new Stack(new App(), 'Pipeline');

/** An action with this ARN, a new one each time. */
const action = (arn: string): IAlarmAction => ({ bind: () => ({ alarmActionArn: arn }) });

function alarmsOf(stack: Stack): Properties[] {
  const alarms = Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm');
  return Object.values(alarms as Record<string, { Properties: Properties }>).map(({ Properties: found }) => found);
}

const actionsIn = (stack: Stack) => alarmsOf(stack).map(({ AlarmActions: actions }) => actions);

/** The paths of alarms that notify nobody, by the warning. */
const mute = (stack: Stack) =>
  Found.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp('^The alarm has no action.*\\[ack: cdk-fileworks:Alarm.noAction\\]$'))
    .map(({ id }) => id);

describe('PipelineAlarms', () => {
  it.each(['before', 'after'])('routes alarms that are created %s the call', (when) => {
    const stack = createStack();
    const route = () => {
      PipelineAlarms.of(stack).notify(action('arn'));
    };
    if (when === 'after') {
      new FileIngestBucket(stack, 'Inbox');
      route();
    } else {
      route();
      new FileIngestBucket(stack, 'Inbox');
    }
    expect(actionsIn(stack)).toEqual([['arn']]);
    expect(mute(stack)).toEqual([]);
  });

  it('routes the alarms of an app, in its stages too', () => {
    const app = new App();
    PipelineAlarms.of(app).notify(action('arn'));
    const stack = new Stack(new Stage(app, 'Production'), 'Pipeline');
    new FileIngestBucket(stack, 'Inbox');
    expect(actionsIn(stack)).toEqual([['arn']]);
  });

  it('adds up the calls around an alarm, each action once, from the outside to the inside', () => {
    const stack = createStack();
    const inbox = new FileIngestBucket(stack, 'Inbox');
    const topic = new Topic(stack, 'Topic');
    PipelineAlarms.of(inbox).notify(action('own'), new SnsAction(topic));
    PipelineAlarms.of(stack).notify(new SnsAction(topic), action('team'));
    new FileIngestBucket(stack, 'Other');
    const [first, second] = actionsIn(stack);
    const ref = { Ref: 'TopicBFC7AF6E' };
    expect(first).toEqual(['own', ref, 'team']);
    expect(second).toEqual([ref, 'team']);
  });

  it('leaves other scopes, alarms of the user and alarms that scale alone', () => {
    const test = createTestApp();
    new FileIngestBucket(test.shared, 'Inbox');
    createWorker(test);
    new Alarm(test.stack, 'Own', {
      metric: new Queue(test.stack, 'Queue').metricNumberOfMessagesSent(),
      threshold: 1,
      evaluationPeriods: 1,
    });
    PipelineAlarms.of(test.stack).notify(action('arn'));
    expect(actionsIn(test.shared)).toEqual([undefined]);
    for (const { AlarmDescription: text = '', AlarmActions: actions } of alarmsOf(test.stack)) {
      expect([text, actions?.includes('arn') ?? false]).toEqual([text, text !== '' && !text.startsWith('Scales ')]);
    }
  });

  it('routes every alarm of every construct that is for operators', () => {
    const stack = createEachConstruct();
    PipelineAlarms.of(stack).notify(action('arn'));
    const others = alarmsOf(stack).filter(({ AlarmActions: actions }) => actions?.includes('arn') !== true);
    expect(others.filter(({ AlarmDescription: text }) => text?.startsWith('Scales ') !== true)).toEqual([]);
  });

  it('refuses a call without an action', () => {
    const stack = createStack();
    expect(() => {
      PipelineAlarms.of(stack).notify();
    }).toThrow('notify needs an action, such as new SnsAction(topic), got none [at Pipeline]');
  });
});

describe('an alarm without an action', () => {
  it('causes a warning, which an enclosing construct can acknowledge', () => {
    const stack = createStack();
    new FileIngestBucket(stack, 'Inbox');
    new FileIngestBucket(stack, 'Acknowledged');
    Annotations.of(stack.node.findChild('Acknowledged')).acknowledgeWarning('cdk-fileworks:Alarm.noAction');
    expect(mute(stack)).toEqual(['/Pipeline/Inbox/DeadLetterAlarm']);
  });

  it('causes none if an aspect of the user adds one', () => {
    const stack = createStack();
    new FileIngestBucket(stack, 'Inbox');
    Aspects.of(stack).add({
      visit: (node) => {
        if (node instanceof AlarmBase) {
          node.addAlarmAction(action('arn'));
        }
      },
    });
    expect(mute(stack)).toEqual([]);
  });

  it('causes none if a dashboard notifies in its place', () => {
    const stack = createStack();
    const stages = [PipelineStage.ingest(new FileIngestBucket(stack, 'Inbox'))];
    new PipelineDashboard(stack, 'Page', { stages, alarmActions: [action('arn')] });
    expect(mute(stack)).toEqual([]);
  });

  it('causes one for each alarm if a dashboard has an alarm without an action too', () => {
    const stack = createStack();
    const stages = [PipelineStage.ingest(new FileIngestBucket(stack, 'Inbox'))];
    new PipelineDashboard(stack, 'Page', { stages, alarmActions: [] });
    expect(mute(stack)).toEqual(['/Pipeline/Inbox/DeadLetterAlarm', '/Pipeline/Page/Alarm']);
  });

  it('is none of TaskLifecycleAlerts, which notify their own topic', () => {
    const stack = createStack();
    new TaskLifecycleAlerts(stack, 'Alerts');
    expect(mute(stack)).toEqual([]);
    for (const actions of actionsIn(stack)) {
      expect(actions).toEqual([{ Ref: expect.stringMatching(/^AlertsTopic/) as unknown }]);
    }
  });
});
