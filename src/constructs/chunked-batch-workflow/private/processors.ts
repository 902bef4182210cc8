import { Aws, Stack, type Duration } from 'aws-cdk-lib';
import { Connections } from 'aws-cdk-lib/aws-ec2';
import { Grant, type IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { BatchEnv, BATCH_JOB } from '../../../contract/batch';
import { TaskRunEnv } from '../../../contract/task-run-env';
import { SpotStrategy, useFargateCapacity } from '../../capacity';
import {
  grantReportOutage,
  grantRun,
  renderRunTask,
  renderWaitingRun,
  toFailed,
  resolveFargateRun,
  type FargateRun,
} from '../../fargate-run';
import { checkFargateTask } from '../../fargate-task';
import { checkRole, grantSend } from '../../private/grants';
import { renderRetry } from '../../private/retry';
import { checkSameRegion } from '../../private/same-environment';
import { ValidationError } from '../../private/validation-error';
import type { QueueScaledFargateWorker } from '../../queue-scaled-fargate-worker';
import type { BatchTaskProps } from '../batch-task-props';
import { BATCH_MAP_LABEL } from '../defaults';

export interface BatchWork {
  /** Name of the workflow in metrics. */
  readonly name: string;
  /** Name of the state. */
  readonly work: string;
  readonly retries: number;
  readonly timeout: Duration;
  readonly maxDependencyWait: Duration;
  /** The state after a batch failed permanently, with `lastError` in its input. */
  readonly failed: string;
  /** The next state. */
  readonly done: string;
}

/** A processor of a workflow. */
export interface BoundProcessor {
  readonly grantPrincipal: IPrincipal;
  /** The task of a batch, if it has one. */
  readonly run?: FargateRun;
  /** The function of every batch, if it is one. */
  readonly handler?: IFunction;
  /** The network connections of the processor, if it has any. */
  readonly connections?: Connections;
  /** Whether batches wait in the state machine for a dependency; otherwise, the processor does. */
  readonly waitsInMachine: boolean;
  /** The states that process a batch. Their input has `bucket`, `key` and `runId`. */
  render(work: BatchWork): Record<string, object>;
  /** Grants the machine the permissions of that state. */
  grant(machine: StateMachine): void;
}

export type BindProcessor = (scope: Construct) => BoundProcessor;

/** Messages that SQS does not take are sent again for about half a day, with at most five minutes between. */
const SEND_AGAIN = renderRetry(['SQS.SqsException', 'SQS.SdkClientException'], 5, 300, 300);
/** Time for a worker to recover that could not finish a batch. */
const RETRY_SECONDS = 30;

export function fargateTask(props: BatchTaskProps): BindProcessor {
  return (scope) => {
    checkFargateTask(scope, props, {
      excluded: { stopTimeout: props.stopTimeout },
      reserved: [...Object.values(BatchEnv), ...Object.values(TaskRunEnv)],
    });
    const run = resolveFargateRun(
      scope,
      props,
      { name: 'Batch', streamPrefix: 'batch' },
      props.capacity ?? SpotStrategy.spotOnly(),
    );
    return {
      grantPrincipal: run.taskDefinition.taskRole,
      run,
      waitsInMachine: true,
      connections: new Connections({ securityGroups: run.network.securityGroups }),
      render: ({ timeout, ...work }) =>
        renderWaitingRun({
          ...work,
          maxDuration: timeout,
          runTask: (variables) =>
            renderRunTask(run, {
              environment: {
                [BatchEnv.bucket]: '{% $states.input.bucket %}',
                [BatchEnv.key]: '{% $states.input.key %}',
                ...variables,
              },
            }),
        }),
      grant(machine) {
        grantRun(machine, run);
        grantReportOutage(machine);
        useFargateCapacity(props.cluster, machine);
      },
    };
  };
}

export function lambdaFunction(handler: IFunction): BindProcessor {
  return (scope) => {
    checkRole(handler, scope);
    checkSameRegion({ processor: handler }, 'Step Functions calls services only in its own region', scope);
    return {
      grantPrincipal: handler.grantPrincipal,
      handler,
      waitsInMachine: true,
      connections: handler.isBoundToVpc ? handler.connections : undefined,
      render: ({ timeout, ...work }) =>
        renderWaitingRun({
          ...work,
          runTask: ({ [TaskRunEnv.unavailableSeconds]: unavailableSeconds }) => ({
            Type: 'Task',
            Resource: `arn:${Aws.PARTITION}:states:::lambda:invoke`,
            Arguments: {
              FunctionName: handler.functionArn,
              Payload: { bucket: '{% $states.input.bucket %}', key: '{% $states.input.key %}', unavailableSeconds },
            },
            TimeoutSeconds: timeout.toSeconds(),
          }),
        }),
      grant(machine) {
        grantInvoke(handler, machine);
        grantReportOutage(machine);
      },
    };
  };
}

export function worker(target: QueueScaledFargateWorker): BindProcessor {
  return (scope) => {
    if (Stack.of(target) !== Stack.of(scope)) {
      throw new ValidationError(
        `processor is a worker in the stack ${Stack.of(target).node.path}, and workflow and worker reference each other; create both in one stack`,
        scope,
      );
    }
    if (target.queue.fifo) {
      throw new ValidationError(
        'processor must be a worker without a FIFO queue, in which one batch would delay the others; use a standard queue',
        scope,
      );
    }
    return {
      grantPrincipal: target.grantPrincipal,
      waitsInMachine: false,
      connections: target.connections,
      // While a dependency is unavailable, the job waits in the worker
      render: ({ work, retries, timeout, failed, done }) => ({
        [work]: {
          Type: 'Task',
          Resource: `arn:${Aws.PARTITION}:states:::sqs:sendMessage.waitForTaskToken`,
          Arguments: {
            QueueUrl: target.queue.queueUrl,
            MessageBody: {
              fileworksJob: 1,
              type: BATCH_JOB,
              correlationId: '{% $states.input.runId %}',
              payload: {
                bucket: '{% $states.input.bucket %}',
                key: '{% $states.input.key %}',
                taskToken: '{% $states.context.Task.Token %}',
              },
            },
          },
          TimeoutSeconds: timeout.toSeconds(),
          Retry: [SEND_AGAIN, ...(retries === 0 ? [] : [renderRetry(['States.ALL'], RETRY_SECONDS, retries)])],
          Catch: [toFailed(failed)],
          Next: done,
        },
      }),
      grant(machine) {
        grantSend(target.queue, machine);
        // SendTaskHeartbeat is not used: the message of a crashed worker is redelivered.
        // IAM requires the machine of the token, which for a batch can include the name of its map:
        // https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html
        const resourceArns = [machine.stateMachineArn, `${machine.stateMachineArn}/${BATCH_MAP_LABEL}`];
        Grant.addToPrincipal({
          grantee: target,
          actions: ['states:SendTaskSuccess', 'states:SendTaskFailure'],
          resourceArns,
        });
      },
    };
  };
}

/** Without its versions, which the grant of the CDK includes. */
export function grantInvoke(handler: IFunction, machine: StateMachine): void {
  Grant.addToPrincipal({ grantee: machine, actions: ['lambda:InvokeFunction'], resourceArns: [handler.functionArn] });
}
