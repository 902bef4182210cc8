import { Lazy, Stack } from 'aws-cdk-lib';
import { CfnRule, type IRuleRef, type IRuleTarget, type RuleTargetConfig } from 'aws-cdk-lib/aws-events';
import {
  LambdaFunction,
  type LambdaFunctionProps,
  type SqsQueueProps,
  type TargetBaseProps,
} from 'aws-cdk-lib/aws-events-targets';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { LambdaLimits, SqsLimits } from '../../contract/service-limits';
import { allowServiceToSend } from './grants';
import { warn } from './warning';

interface Access {
  /** The rules that may send to the queue, by their ARNs, if they are in its stack. */
  readonly rules: Set<string>;
  /**
   * Whether rules of other stacks send too. They reference the queue, so its policy cannot reference them, which
   * would create a circular stack reference.
   */
  otherStacks: boolean;
  /** False for an imported queue, whose policy belongs to others. */
  readonly granted: boolean;
}

const accesses = new WeakMap<IQueue, Access>();

/**
 * The delivery of rules to a queue, with one policy statement for all rules. The CDK adds one for each.
 *
 * @param construct the class in the id of the warning about an imported queue
 */
export function queueTarget(queue: IQueue, props: SqsQueueProps, construct = 'FileIngestBucket'): IRuleTarget {
  const { deadLetterQueue, message, messageGroupId, ...retries } = props;
  const target: IRuleTarget = {
    bind: (rule) => {
      if (!allowRule(queue, rule)) {
        warnOfImported(rule, construct);
      }
      return {
        arn: queue.queueArn,
        input: message,
        targetResource: queue,
        sqsParameters: messageGroupId === undefined ? undefined : { messageGroupId },
        ...renderRetries(retries),
      };
    },
  };
  return withDeadLetters(target, deadLetterQueue, construct);
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
          principal: new ServicePrincipal('events.amazonaws.com'),
          sourceArn: anyRule(handler),
        });
      }
      return { arn: handler.functionArn, input: event, targetResource: handler, ...renderRetries(retries) };
    },
  };
  return withDeadLetters(target, deadLetterQueue);
}

/** Sends undelivered events to a queue. The target itself must have none, or the CDK adds a statement for each rule. */
export function withDeadLetters(
  target: IRuleTarget,
  deadLetterQueue: IQueue | undefined,
  construct = 'FileIngestBucket',
): IRuleTarget {
  if (deadLetterQueue === undefined) {
    return target;
  }
  return {
    bind: (rule, id) => {
      if (!allowRule(deadLetterQueue, rule)) {
        warnOfImported(rule, construct);
      }
      return { ...target.bind(rule, id), deadLetterConfig: { arn: deadLetterQueue.queueArn } };
    },
  };
}

function renderRetries({ retryAttempts, maxEventAge }: TargetBaseProps): Pick<RuleTargetConfig, 'retryPolicy'> {
  return { retryPolicy: { maximumRetryAttempts: retryAttempts, maximumEventAgeInSeconds: maxEventAge?.toSeconds() } };
}

/** Returns false for an imported queue, whose policy cannot be changed. */
function allowRule(queue: IQueue, rule: IRuleRef): boolean {
  let access = accesses.get(queue);
  if (access === undefined) {
    const rules = new Set<string>();
    const sources = () => (accesses.get(queue)?.otherStacks === true ? [anyRule(queue)] : sourcesOf(rules, queue));
    access = { rules, otherStacks: false, granted: grantRules(queue, sources) };
    accesses.set(queue, access);
  }
  if (Stack.of(rule) === Stack.of(queue)) {
    access.rules.add(CfnRule.arnForRule(rule));
  } else {
    access.otherStacks = true;
  }
  return access.granted;
}

function warnOfImported(rule: IRuleRef, construct: string): void {
  warn(
    rule,
    `${construct}.importedTargetQueue`,
    'The policy of the imported queue, and of its key, must allow events.amazonaws.com to send messages before this is deployed; acknowledge this when it does',
  );
}

/**
 * EventBridge sends the rule and its account with each message.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
 */
function grantRules(queue: IQueue, sources: () => string[]): boolean {
  const ofRules = { ArnLike: { 'aws:SourceArn': Lazy.any({ produce: sources }) } };
  return allowServiceToSend(queue, 'events.amazonaws.com', ofRules).statementAdded;
}

/** The ARNs of many rules do not fit into the policy; then it allows the rules of this account and region. */
function sourcesOf(rules: ReadonlySet<string>, queue: IQueue): string[] {
  return rules.size <= SqsLimits.maxRulesByArn ? [...rules] : [anyRule(queue)];
}

/** Every rule of the account and region of `scope`. */
function anyRule(scope: IConstruct): string {
  return Stack.of(scope).formatArn({ service: 'events', resource: 'rule', resourceName: '*' });
}
