import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { createRunMachine, grantReportOutage, type FargateRun } from '../../fargate-run';
import { grantLookForOthers } from '../../private/overlap-states';
import type { SupervisionOptions } from '../job-supervision';
import { renderSupervision } from './supervision-definition';

/** The state machine that starts a job's task, waits for it, and stops or retries it. */
export function createSupervisor(scope: Construct, run: FargateRun, supervision: SupervisionOptions): StateMachine {
  const machine = createRunMachine(scope, run, renderSupervision(scope, run, supervision));
  grantReportOutage(machine);
  if (!(supervision.allowOverlap ?? false)) {
    grantLookForOthers(scope, machine);
  }
  return machine;
}
