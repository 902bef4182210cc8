import type { ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, type TargetBaseProps } from 'aws-cdk-lib/aws-events-targets';
import type { IGrantable, IRole } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunctionResource } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { DispatchLaunch, DispatchQueue, DispatchStateMachine } from '../../../contract/dispatch-config';
import { grantRunTask } from '../../fargate-run';
import { grantSend } from '../../private/grants';
import { pathOf } from '../../private/paths';
import { checkSameEnvironment, checkSameRegion } from '../../private/same-environment';
import { checkSoleOwner } from '../../private/sole-owner';
import { ValidationError } from '../../private/validation-error';
import type { DispatchTarget, EcsTaskTargetOptions } from '../dispatch-target';
import { checkStandard, endOfExecution, grantExecute } from './execution';
import { grantTend, renderLaunch, taskSecurityGroups } from './launch';

export interface BoundTarget {
  /** The configuration for the functions. */
  readonly launch: DispatchLaunch | DispatchQueue | DispatchStateMachine;
  /** The worker that takes the turns of files; undefined if unknown. */
  readonly worker?: IGrantable;
  /** The security groups of its tasks. */
  readonly securityGroups?: readonly ISecurityGroup[];
}

export interface SupervisorFunctions {
  /** The function that launches. */
  readonly launcher: LambdaFunctionResource;
  /** The function that receives ends and sweeps. */
  readonly watcher: LambdaFunctionResource;
  readonly delivery: TargetBaseProps;
}

/** Allows the functions to launch files into the targets of types and to check them. Shared targets are bound once. */
export class TargetBinder {
  readonly #functions: SupervisorFunctions;
  readonly #bound = new Set<unknown>();

  constructor(functions: SupervisorFunctions) {
    this.#functions = functions;
  }

  bind(scope: Construct, { task, targetQueue, targetStateMachine }: DispatchTarget): BoundTarget {
    if (targetQueue !== undefined) {
      return this.#bindQueue(scope, targetQueue);
    }
    if (targetStateMachine !== undefined) {
      return this.#bindStateMachine(scope, targetStateMachine);
    }
    if (task !== undefined) {
      return this.#bindTask(scope, task);
    }
    throw new ValidationError('target must be created by a static method of DispatchTarget', scope);
  }

  #bindTask(scope: Construct, task: EcsTaskTargetOptions): BoundTarget {
    const securityGroups = taskSecurityGroups(scope, task);
    const launch = renderLaunch(scope, task, securityGroups);
    this.#forEach(task.taskDefinition, (role) => grantRunTask(task, role));
    this.#forEach(task.cluster, (role) => grantTend(task.cluster, role));
    return { launch, worker: task.taskDefinition.taskRole, securityGroups };
  }

  #bindQueue(scope: Construct, queue: IQueue): BoundTarget {
    checkSameRegion({ 'the queue of target': queue }, 'the functions send only to queues of their own region', scope);
    // The parent of a type is its dispatcher, whose types can share a worker
    checkSoleOwner(scope.node.scope ?? scope, {
      kind: 'the dispatcher',
      prop: 'target',
      key: queue.queueArn,
      stack: queue.stack,
      reason: 'and its worker takes turns with the state of one dispatcher; use a queue and a worker for each',
    });
    this.#forEach(queue, (role) => grantSend(queue, role));
    return { launch: { queueUrl: queue.queueUrl, fifo: queue.fifo } };
  }

  #bindStateMachine(scope: Construct, stateMachine: IStateMachine): BoundTarget {
    checkStandard(scope, stateMachine);
    checkSameEnvironment(
      { 'the state machine of target': stateMachine },
      'EventBridge reports the end of an execution only there',
      scope,
    );
    const { watcher, delivery } = this.#functions;
    if (!this.#bound.has(stateMachine)) {
      new Rule(scope, 'Ended', {
        description: `Executions for ${pathOf(scope)} that ended`,
        eventPattern: endOfExecution(stateMachine),
        targets: [new LambdaFunction(watcher, delivery)],
      });
    }
    this.#forEach(stateMachine, (role) => grantExecute(scope, stateMachine, role));
    return { launch: { stateMachineArn: stateMachine.stateMachineArn } };
  }

  /** Both functions launch, because the sweeper finds launches that the launcher lost. */
  #forEach(shared: unknown, grant: (role: IRole) => void): void {
    if (this.#bound.has(shared)) {
      return;
    }
    this.#bound.add(shared);
    for (const { role } of [this.#functions.launcher, this.#functions.watcher]) {
      if (role) {
        grant(role);
      }
    }
  }
}
