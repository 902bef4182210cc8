import { Aws, Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { MathExpression, type MathExpressionOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { METRIC_NAMESPACE } from '../../contract/metric-names';
import { acknowledge, acknowledgeWildcard } from '../private/acknowledge';
import type { FargateRun } from './fargate-run';
import { grantRunTask, tasksOf } from './grant-run-task';

/** A state machine that runs a task, waits for it, and can stop it. */
export function createRunMachine(scope: Construct, run: FargateRun, definition: object): sfn.StateMachine {
  const machine = createMachine(scope, definition);
  grantRun(machine, run);
  return machine;
}

/** A state machine with logs and traces. */
export function createMachine(scope: Construct, definition: object): sfn.StateMachine {
  const logs = new LogGroup(scope, 'RunsLog', {
    // Each log group of another name makes the resource policy of CloudWatch Logs longer, which has 5,120 characters:
    // https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
    logGroupName: `/aws/vendedlogs/states/${Stack.of(scope).stackName}/${Names.uniqueResourceName(scope, { maxLength: 128 })}`,
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const machine = new sfn.StateMachine(scope, 'StateMachine', {
    comment: `Runs of ${scope.node.path}`,
    definitionBody: sfn.DefinitionBody.fromString(Stack.of(scope).toJsonString(definition)),
    stateMachineType: sfn.StateMachineType.STANDARD,
    logs: { destination: logs, level: sfn.LogLevel.ALL },
    tracingEnabled: true,
  });
  acknowledge(
    machine,
    'AwsSolutions-IAM5[Resource::*]',
    'The actions for log delivery, traces and metrics have no narrower resource',
  );
  return machine;
}

/** Allows the machine to run the task, wait for it and stop it. */
export function grantRun(machine: sfn.StateMachine, run: FargateRun): void {
  grantRunTask(run, machine);
  grantWait(machine, run.cluster);
}

/** Allows the machine to report for how long it has waited for a dependency. */
export function grantReportOutage(machine: sfn.StateMachine): void {
  iam.Grant.addToPrincipal({
    grantee: machine,
    actions: ['cloudwatch:PutMetricData'],
    resourceArns: ['*'],
    conditions: { StringEquals: { 'cloudwatch:namespace': METRIC_NAMESPACE } },
  });
}

/**
 * How an alarm evaluates `failedRuns`. `FILL` also fills a minute whose data is late, so a single newest minute could
 * always be 0.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export const OF_FAILED_RUNS = { evaluationPeriods: 5, datapointsToAlarm: 1 } as const;

/** Executions that failed, timed out or were aborted. */
export function failedRuns(machine: sfn.IStateMachine, props: MathExpressionOptions = {}): MathExpression {
  return new MathExpression({
    expression: 'FILL(failed, 0) + FILL(timedOut, 0) + FILL(aborted, 0)',
    label: 'Failed runs',
    period: Duration.minutes(1),
    ...props,
    usingMetrics: {
      failed: machine.metricFailed(),
      timedOut: machine.metricTimedOut(),
      aborted: machine.metricAborted(),
    },
  });
}

/**
 * The permissions of Step Functions to wait for a task and to stop it.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
 */
function grantWait(machine: sfn.StateMachine, cluster: ecs.ICluster): void {
  const tasks = tasksOf(cluster);
  iam.Grant.addToPrincipal({ grantee: machine, actions: ['ecs:DescribeTasks', 'ecs:StopTask'], resourceArns: [tasks] });
  acknowledgeWildcard(machine, tasks, 'Task ids are unknown at synth; the cluster limits them');
  const rule = `arn:${Aws.PARTITION}:events:${Aws.REGION}:${Aws.ACCOUNT_ID}:rule/StepFunctionsGetEventsForECSTaskRule`;
  iam.Grant.addToPrincipal({
    grantee: machine,
    actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
    resourceArns: [rule],
  });
}
