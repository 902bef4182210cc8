import { Aws } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ObjectTaskEnv } from '../../../contract/object-task-env';
import { ObjectTaskStates } from '../../../contract/run-states';
import { lastError, renderRunTask, renderWaitingRun, type FargateRun } from '../../fargate-run';
import { nameOf } from '../../private/paths';
import { renderRetry } from '../../private/retry';
import { ObjectTaskDefaults } from '../defaults';
import type { ObjectFargateTaskProps } from '../object-fargate-task-props';

/** The processing of one object in Amazon States Language. Its input is the event that S3 sent. */
export function renderObjectTask(
  scope: Construct,
  run: FargateRun,
  deadLetterQueueUrl: string,
  { retries, maxDuration, maxDependencyWait }: ObjectFargateTaskProps,
): object {
  return {
    QueryLanguage: 'JSONata',
    StartAt: ObjectTaskStates.work,
    States: {
      ...renderWaitingRun({
        name: nameOf(scope),
        work: ObjectTaskStates.work,
        runTask: (variables) => renderRunTask(run, { environment: { ...renderEnvironment(), ...variables } }),
        retries: retries ?? ObjectTaskDefaults.retries,
        maxDependencyWait: maxDependencyWait ?? ObjectTaskDefaults.maxDependencyWait,
        maxDuration,
        done: ObjectTaskStates.done,
        failed: ObjectTaskStates.deadLetter,
      }),
      [ObjectTaskStates.done]: { Type: 'Succeed' },
      [ObjectTaskStates.deadLetter]: {
        Type: 'Task',
        Resource: `arn:${Aws.PARTITION}:states:::sqs:sendMessage`,
        Arguments: { QueueUrl: deadLetterQueueUrl, MessageBody: '{% $string($states.context.Execution.Input) %}' },
        Retry: [renderRetry(['States.ALL'], 5, 10)],
        Output: `{% ${lastError} %}`,
        Next: ObjectTaskStates.failed,
      },
      // So that the execution counts as failed, with its reason.
      [ObjectTaskStates.failed]: {
        Type: 'Fail',
        Error: '{% $states.input.Error %}',
        Cause: '{% $states.input.Cause %}',
      },
    },
  };
}

function renderEnvironment(): Record<string, string> {
  const event = '$states.context.Execution.Input';
  const detail = `${event}.detail`;
  return {
    [ObjectTaskEnv.bucket]: `{% ${detail}.bucket.name %}`,
    [ObjectTaskEnv.key]: `{% ${detail}.object.key %}`,
    [ObjectTaskEnv.versionId]: textOf(`${detail}.object.'version-id'`),
    [ObjectTaskEnv.size]: textOf(`${detail}.object.size`),
    [ObjectTaskEnv.etag]: textOf(`${detail}.object.etag`),
    [ObjectTaskEnv.sequencer]: textOf(`${detail}.object.sequencer`),
    [ObjectTaskEnv.reason]: textOf(`${detail}.reason`),
    [ObjectTaskEnv.correlationId]: `{% ${event}.id %}`,
  };
}

/** Missing fields of the event become empty strings, because ECS accepts no other value. */
function textOf(path: string): string {
  return `{% $exists(${path}) ? $string(${path}) : '' %}`;
}
