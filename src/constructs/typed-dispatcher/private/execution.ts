import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { EventPattern } from 'aws-cdk-lib/aws-events';
import { Grant, type IRole } from 'aws-cdk-lib/aws-iam';
import { CfnStateMachine, type IStateMachine, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from '../../private/acknowledge';
import { ValidationError } from '../../private/validation-error';

/** Refuses express workflows, which can start twice under one name, and whose result is not reported. */
export function checkStandard(scope: Construct, stateMachine: IStateMachine): void {
  const { defaultChild } = stateMachine.node;
  if (defaultChild instanceof CfnStateMachine && defaultChild.stateMachineType === StateMachineType.EXPRESS) {
    throw new ValidationError(
      'target cannot be an express workflow, whose result Step Functions does not report; use StateMachineType.STANDARD',
      scope,
    );
  }
}

/** Permissions to start executions, check them and stop those that run for too long. */
export function grantExecute(scope: Construct, stateMachine: IStateMachine, grantee: IRole): void {
  const executions = Stack.of(scope).formatArn({
    service: 'states',
    resource: 'execution',
    resourceName: `${nameOf(scope, stateMachine)}:*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  Grant.addToPrincipal({ grantee, actions: ['states:StartExecution'], resourceArns: [stateMachine.stateMachineArn] });
  Grant.addToPrincipal({
    grantee,
    actions: ['states:DescribeExecution', 'states:StopExecution'],
    resourceArns: [executions],
  });
  acknowledgeWildcard(
    grantee,
    executions,
    'The names of executions are unknown at synth; the state machine limits them',
  );
}

/** The event pattern of ended executions. */
export function endOfExecution({ stateMachineArn }: IStateMachine): EventPattern {
  return {
    source: ['aws.states'],
    detailType: ['Step Functions Execution Status Change'],
    detail: { stateMachineArn: [stateMachineArn], status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] },
  };
}

function nameOf(scope: Construct, stateMachine: IStateMachine): string {
  if (stateMachine instanceof StateMachine) {
    return stateMachine.stateMachineName;
  }
  return Stack.of(scope).splitArn(stateMachine.stateMachineArn, ArnFormat.COLON_RESOURCE_NAME).resourceName ?? '*';
}
