import { Aws, Lazy, Stack } from 'aws-cdk-lib';
import { CfnRule, type IRuleRef, type IRuleTarget } from 'aws-cdk-lib/aws-events';
import type { SqsQueueProps } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { SqsLimits } from '../../contract/service-limits';
import { warn } from './warning';

/** The rules that may send to a queue, by their ARNs. */
interface Access {
  readonly rules: Set<string>;
  /** False for an imported queue, whose policy belongs to others. */
  readonly granted: boolean;
}

const accesses = new WeakMap<IQueue, Access>();

/** The delivery of rules to a queue, with one policy statement for all rules. The CDK adds one for each. */
export function queueTarget(queue: IQueue, props: SqsQueueProps): IRuleTarget {
  const { deadLetterQueue, message, messageGroupId, retryAttempts, maxEventAge } = props;
  const target: IRuleTarget = {
    bind: (rule) => {
      allowRule(queue, rule);
      return {
        arn: queue.queueArn,
        input: message,
        targetResource: queue,
        sqsParameters: messageGroupId === undefined ? undefined : { messageGroupId },
        retryPolicy: { maximumRetryAttempts: retryAttempts, maximumEventAgeInSeconds: maxEventAge?.toSeconds() },
      };
    },
  };
  return withDeadLetters(target, deadLetterQueue);
}

/** Sends undelivered events to a queue. The target itself must have none, or the CDK adds a statement for each rule. */
export function withDeadLetters(target: IRuleTarget, deadLetterQueue: IQueue | undefined): IRuleTarget {
  if (deadLetterQueue === undefined) {
    return target;
  }
  return {
    bind: (rule, id) => {
      allowRule(deadLetterQueue, rule);
      return { ...target.bind(rule, id), deadLetterConfig: { arn: deadLetterQueue.queueArn } };
    },
  };
}

function allowRule(queue: IQueue, rule: IRuleRef): void {
  let access = accesses.get(queue);
  if (access === undefined) {
    const rules = new Set<string>();
    access = { rules, granted: grantRules(queue, rules) };
    accesses.set(queue, access);
  }
  access.rules.add(CfnRule.arnForRule(rule));
  if (!access.granted) {
    warn(
      rule,
      'FileIngestBucket.importedTargetQueue',
      'The policy of the imported queue, and of its key, must allow events.amazonaws.com to send messages before this is deployed; acknowledge this when it does',
    );
  }
}

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html */
function grantRules(queue: IQueue, rules: ReadonlySet<string>): boolean {
  const principals = [new iam.ServicePrincipal('events.amazonaws.com')];
  const ofThisAccount = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };
  // The account, not the rules: they reference the queue, which references the key.
  queue.encryptionMasterKey?.addToResourcePolicy(
    new iam.PolicyStatement({
      principals,
      actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
      resources: ['*'],
      conditions: ofThisAccount,
    }),
  );
  return queue.addToResourcePolicy(
    new iam.PolicyStatement({
      principals,
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: {
        ...ofThisAccount,
        ArnLike: { 'aws:SourceArn': Lazy.any({ produce: () => sourcesOf(rules, queue) }) },
      },
    }),
  ).statementAdded;
}

/** The ARNs of many rules do not fit into the policy; then it allows the rules of this account and region. */
function sourcesOf(rules: ReadonlySet<string>, queue: IQueue): string[] {
  return rules.size <= SqsLimits.maxRulesByArn
    ? [...rules]
    : [Stack.of(queue).formatArn({ service: 'events', resource: 'rule', resourceName: '*' })];
}
