import { Aws } from 'aws-cdk-lib';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

/** The longest list that Step Functions gives; the oldest comes last. */
const MAX_EXECUTIONS = 1_000;

/**
 * Of several runs at a time the oldest goes on. A run that does not find itself in the list is newer than any that is
 * there. Begins with `LookForOthers`.
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
      Retry: [
        {
          ErrorEquals: ['States.TaskFailed'],
          IntervalSeconds: 5,
          MaxAttempts: 5,
          BackoffRate: 2,
          JitterStrategy: 'FULL',
        },
      ],
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
  // In the role's own policy it would name the machine, which waits for that policy.
  new Policy(scope, 'LookForOthers', {
    roles: [machine.role],
    statements: [new PolicyStatement({ actions: ['states:ListExecutions'], resources: [machine.stateMachineArn] })],
  });
}
