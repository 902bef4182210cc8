import { Aws, Lazy, Stack } from 'aws-cdk-lib';
import { CfnRule, type IRuleRef, type IRuleTarget, type RuleTargetConfig } from 'aws-cdk-lib/aws-events';
import {
  LambdaFunction,
  type LambdaFunctionProps,
  type SqsQueueProps,
  type TargetBaseProps,
} from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { LambdaLimits, SqsLimits } from '../../contract/service-limits';
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
  const { deadLetterQueue, message, messageGroupId, ...retries } = props;
  const target: IRuleTarget = {
    bind: (rule) => {
      allowRule(queue, rule);
      return {
        arn: queue.queueArn,
        input: message,
        targetResource: queue,
        sqsParameters: messageGroupId === undefined ? undefined : { messageGroupId },
        ...renderRetries(retries),
      };
    },
  };
  return withDeadLetters(target, deadLetterQueue);
}

const ALL_RULES_ID = 'AllowEventRules';

/** The rules that invoke a function, by their ARNs. */
const invokers = new WeakMap<IFunction, Set<string>>();

/** The delivery of rules to a function. Its policy has no room for the permissions of many; one allows the rest. */
export function functionTarget(handler: IFunction, props: LambdaFunctionProps): IRuleTarget {
  const { deadLetterQueue, event, ...retries } = props;
  const target: IRuleTarget = {
    bind: (rule, id) => {
      const rules = invokers.get(handler) ?? new Set();
      invokers.set(handler, rules.add(CfnRule.arnForRule(rule)));
      if (rules.size <= LambdaLimits.maxRulesByPermission) {
        return new LambdaFunction(handler, { event, ...retries }).bind(rule, id);
      }
      if (handler.permissionsNode.tryFindChild(ALL_RULES_ID) === undefined) {
        handler.addPermission(ALL_RULES_ID, {
          principal: new iam.ServicePrincipal('events.amazonaws.com'),
          sourceArn: anyRule(handler),
        });
      }
      return { arn: handler.functionArn, input: event, targetResource: handler, ...renderRetries(retries) };
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

function renderRetries({ retryAttempts, maxEventAge }: TargetBaseProps): Pick<RuleTargetConfig, 'retryPolicy'> {
  return { retryPolicy: { maximumRetryAttempts: retryAttempts, maximumEventAgeInSeconds: maxEventAge?.toSeconds() } };
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

/**
 * EventBridge sends the rule and its account with each message.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
 */
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
  return rules.size <= SqsLimits.maxRulesByArn ? [...rules] : [anyRule(queue)];
}

/** Every rule of the account and region of `scope`. */
function anyRule(scope: IConstruct): string {
  return Stack.of(scope).formatArn({ service: 'events', resource: 'rule', resourceName: '*' });
}
