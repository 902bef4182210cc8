import * as iam from 'aws-cdk-lib/aws-iam';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { FargateRun } from '../../private/fargate-run';
import { createRunMachine } from '../../private/run-machine';
import type { SupervisionOptions } from '../job-supervision';
import { renderSupervision } from './supervision-definition';

/** The state machine that starts a job's task, waits for it, and stops or starts it again. */
export function createSupervisor(scope: Construct, run: FargateRun, supervision: SupervisionOptions): StateMachine {
  const machine = createRunMachine(scope, run, renderSupervision(run, supervision));
  if (!(supervision.allowOverlap ?? false)) {
    // In the role's own policy it would name the machine, which waits for that policy.
    new iam.Policy(scope, 'LookForOthers', {
      roles: [machine.role],
      statements: [new iam.PolicyStatement({ actions: ['states:ListExecutions'], resources: [machine.stateMachineArn] })],
    });
  }
  return machine;
}
