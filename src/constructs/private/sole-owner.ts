import { Token, type Stack } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { ValidationError } from './validation-error';

/** The owners of resources in each app, by what they own. */
const registry = new WeakMap<IConstruct, Map<string, IConstruct>>();

export interface Owned {
  /** What the owner is to the resource, such as `the consumer`; a resource has one owner of each kind. */
  readonly kind: string;
  /** The resource in a message, by the name of its prop. */
  readonly prop: string;
  /** The ARN of the resource, or what else distinguishes it. */
  readonly key: string;
  /** The stack of the resource. */
  readonly stack: Stack;
  /** Why there can be one owner only, and the remedy. */
  readonly reason: string;
}

/**
 * Throws if another construct of the app owns the resource already.
 *
 * Two stacks that are deployed to any environment can import resources by the same ARN and mean different ones, so an
 * ARN with tokens counts in its stack only.
 */
export function checkSoleOwner(owner: IConstruct, { kind, prop, key, stack, reason }: Owned): void {
  const { root } = owner.node;
  const owners = registry.get(root) ?? new Map<string, IConstruct>();
  registry.set(root, owners);
  const id = [kind, key, ...(Token.isUnresolved(key) ? [stack.node.addr] : [])].join(' ');
  const other = owners.get(id);
  if (other !== undefined && other !== owner) {
    throw new ValidationError(`${prop} already has ${kind} ${other.node.path}, ${reason}`, owner);
  }
  owners.set(id, owner);
}

/** A queue has one consumer: two would scale for the same messages, or process them in two ways. */
export function checkSoleConsumer(owner: IConstruct, prop: string, queue: IQueue): void {
  checkSoleOwner(owner, {
    kind: 'the consumer',
    prop,
    key: queue.queueArn,
    stack: queue.stack,
    reason: 'and two would compete for its messages; use one of them, or a queue for each',
  });
}
