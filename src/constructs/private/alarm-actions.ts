import { Aspects, Reference, Stack, Tokenization } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { IConstruct } from 'constructs';
import { warn } from './warning';

/** The actions of an alarm, and their ARNs. */
const bound = new WeakMap<cloudwatch.AlarmBase, Set<cloudwatch.IAlarmAction | string>>();

/**
 * Adds actions to an alarm, each of them once. Those that are topics of this app get the permissions that CloudWatch
 * needs.
 */
export function addAlarmActions(alarm: cloudwatch.AlarmBase, actions: readonly cloudwatch.IAlarmAction[]): void {
  const seen = bound.get(alarm) ?? new Set();
  bound.set(alarm, seen);
  for (const action of actions.filter((one) => !seen.has(one))) {
    const config = action.bind(alarm, alarm);
    if (!seen.has(config.alarmActionArn)) {
      alarm.addAlarmAction({ bind: () => config });
      allowAction(alarm, action, config.alarmActionArn);
    }
    seen.add(action).add(config.alarmActionArn);
  }
}

function allowAction(alarm: cloudwatch.AlarmBase, action: cloudwatch.IAlarmAction, arn: string): void {
  const topic = topicOf(arn);
  if (topic !== undefined) {
    allowAlarms(topic, alarm);
  } else if (action instanceof SnsAction) {
    warn(
      alarm,
      'Alarm.importedTopic',
      'The policy of the imported topic, and of its key, must allow cloudwatch.amazonaws.com to publish; acknowledge this when it does',
    );
  }
}

/** The accounts whose alarms may publish to a topic. */
const publishers = new WeakMap<sns.Topic, Set<string>>();

/**
 * Allows the alarms in the account of `scope` to publish to a topic.
 *
 * The default policy of a topic allows it. Any other policy replaces the default one, so a policy that exists at synth
 * gets a statement, and a topic without a policy stays without, or its other publishers would be denied.
 *
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
 */
export function allowAlarms(topic: sns.Topic, scope: IConstruct): void {
  const { account } = Stack.of(scope);
  let accounts = publishers.get(topic);
  if (accounts === undefined) {
    const all = (accounts = new Set());
    publishers.set(topic, all);
    Aspects.of(topic).add({
      visit: (node) => {
        if (node === topic) {
          addToPolicies(topic, [...all]);
        }
      },
    });
  }
  if (!accounts.has(account)) {
    accounts.add(account);
    allowKey(topic, scope, account);
  }
}

/** The topic of this app that has this ARN. */
function topicOf(arn: string): sns.Topic | undefined {
  const { firstToken: token } = Tokenization.reverseString(arn);
  const topic = Reference.isReference(token) ? token.target.node.scope : undefined;
  return topic instanceof sns.Topic ? topic : undefined;
}

/** The topic's own policy, and those that the user has created for it. */
function addToPolicies(topic: sns.Topic, accounts: readonly string[]): void {
  const stack = Stack.of(topic);
  const topicArn: unknown = JSON.stringify(stack.resolve(topic.topicArn));
  for (const policy of stack.node.findAll().filter((node) => node instanceof sns.TopicPolicy)) {
    const { topics } = policy.node.defaultChild as sns.CfnTopicPolicy;
    const arns = stack.resolve(topics) as unknown[];
    if (arns.some((arn) => JSON.stringify(arn) === topicArn)) {
      policy.document.addStatements(...accounts.map((account) => statement(account, 'sns:Publish', topic.topicArn)));
    }
  }
}

/**
 * A key allows no service by default, whatever the policy of the topic.
 *
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */
function allowKey({ masterKey }: sns.Topic, scope: IConstruct, account: string): void {
  const added = masterKey?.addToResourcePolicy(statement(account, ['kms:GenerateDataKey*', 'kms:Decrypt'], '*'));
  if (added?.statementAdded === false) {
    warn(
      scope,
      'Alarm.importedTopicKey',
      'The policy of the imported key of the topic must allow cloudwatch.amazonaws.com kms:GenerateDataKey* and kms:Decrypt, which the AWS managed key for SNS ' +
        'does not; acknowledge this when it does',
    );
  }
}

function statement(account: string, actions: string | string[], resource: string): iam.PolicyStatement {
  return new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
    actions: [actions].flat(),
    resources: [resource],
    conditions: { StringEquals: { 'aws:SourceAccount': account } },
  });
}
