import { Aws, Stack, type Duration } from 'aws-cdk-lib';
import { Connections } from 'aws-cdk-lib/aws-ec2';
import { Grant, type IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { BatchEnv, BATCH_JOB } from '../../../contract/batch';
import { SpotStrategy, useFargateCapacity } from '../../capacity';
import {
  besideClock,
  grantRun,
  renderRunTask,
  renderTaskRetry,
  resolveFargateRun,
  type FargateRun,
} from '../../fargate-run';
import { checkFargateTask } from '../../fargate-task';
import { checkRole, grantSend } from '../../private/grants';
import { checkSameRegion } from '../../private/same-environment';
import { ValidationError } from '../../private/validation-error';
import type { QueueScaledFargateWorker } from '../../queue-scaled-fargate-worker';
import type { BatchTaskProps } from '../batch-task-props';
import { BATCH_MAP_LABEL } from '../defaults';

export interface BatchWork {
  readonly retries: number;
  readonly timeout: Duration;
  /** What the state does when the batch failed permanently. */
  readonly failed: object;
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
  /** The state that processes a batch. Its input has `bucket`, `key` and `runId`. */
  render(work: BatchWork): object;
  /** Grants the machine the permissions of that state. */
  grant(machine: StateMachine): void;
}

export type BindProcessor = (scope: Construct) => BoundProcessor;

/** Errors of Step Functions when Lambda did not accept an invocation. */
const NOT_TAKEN_BY_LAMBDA = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
];

export function fargateTask(props: BatchTaskProps): BindProcessor {
  return (scope) => {
    checkFargateTask(scope, props, { excluded: { stopTimeout: props.stopTimeout }, reserved: Object.values(BatchEnv) });
    const run = resolveFargateRun(
      scope,
      props,
      { name: 'Batch', streamPrefix: 'batch' },
      props.capacity ?? SpotStrategy.spotOnly(),
    );
    return {
      grantPrincipal: run.taskDefinition.taskRole,
      run,
      connections: new Connections({ securityGroups: run.network.securityGroups }),
      render({ retries, timeout, failed, done }) {
        const environment = {
          [BatchEnv.bucket]: '{% $states.input.bucket %}',
          [BatchEnv.key]: '{% $states.input.key %}',
        };
        return besideClock(
          renderRunTask(run, { environment, retry: renderTaskRetry(retries) }),
          timeout.toMinutes({ integral: false }),
          { done, failed },
        );
      },
      grant(machine) {
        grantRun(machine, run);
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
      connections: handler.isBoundToVpc ? handler.connections : undefined,
      render: ({ retries, timeout, failed, done }) => ({
        Type: 'Task',
        Resource: `arn:${Aws.PARTITION}:states:::lambda:invoke`,
        Arguments: { FunctionName: handler.functionArn, Payload: '{% $states.input.{"bucket": bucket, "key": key} %}' },
        TimeoutSeconds: timeout.toSeconds(),
        Retry: renderTaskRetry(retries, NOT_TAKEN_BY_LAMBDA),
        Catch: [failed],
        Next: done,
      }),
      grant(machine) {
        grantInvoke(handler, machine);
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
      connections: target.connections,
      render: ({ retries, timeout, failed, done }) => ({
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
        Retry: renderTaskRetry(retries, ['SQS.SqsException', 'SQS.SdkClientException']),
        Catch: [failed],
        Next: done,
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
