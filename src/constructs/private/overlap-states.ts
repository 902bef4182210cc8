import { Aws } from 'aws-cdk-lib';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { renderRetry } from './retry';

/** The maximum page size of Step Functions; the oldest execution is last. */
const MAX_EXECUTIONS = 1_000;

/**
 * Of several concurrent runs, the oldest continues. A run that is missing from the list is newer than all runs in it.
 * Starts with `LookForOthers`.
 */
export function lookForOthers(next: { readonly alone: string; readonly others: string }): object {
  return {
    LookForOthers: {
      Type: 'Task',
      Resource: `arn:${Aws.PARTITION}:states:::aws-sdk:sfn:listExecutions`,
      Arguments: {
        StateMachineArn: '{% $states.context.StateMachine.Id %}',
        StatusFilter: 'RUNNING',
        MaxResults: MAX_EXECUTIONS,
      },
      Retry: [renderRetry(['States.TaskFailed'], 5, 5)],
      Next: 'IsOldest',
    },
    IsOldest: {
      Type: 'Choice',
      Choices: [
        {
          Condition:
            '{% $count($states.input.Executions) = 0 or $states.input.Executions[-1].ExecutionArn = $states.context.Execution.Id %}',
          Next: next.alone,
        },
      ],
      Default: next.others,
    },
  };
}

export function grantLookForOthers(scope: Construct, machine: StateMachine): void {
  // Not in the role's default policy, on which the machine depends and which would reference the machine.
  const policy = new Policy(scope, 'LookForOthers', {
    statements: [new PolicyStatement({ actions: ['states:ListExecutions'], resources: [machine.stateMachineArn] })],
  });
  // By the role, which attaches none if it is created beforehand (Role.customizeRoles)
  machine.role.attachInlinePolicy(policy);
}
