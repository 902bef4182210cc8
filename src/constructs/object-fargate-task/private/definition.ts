import { Aws } from 'aws-cdk-lib';
import { ObjectTaskEnv } from '../../../contract/object-task-env';
import { ObjectTaskStates } from '../../../contract/run-states';
import { besideClock, renderRunTask, renderTaskRetry, type FargateRun } from '../../fargate-run';
import { renderRetry } from '../../private/retry';
import { ObjectTaskDefaults } from '../defaults';
import type { ObjectFargateTaskProps } from '../object-fargate-task-props';

/** The processing of one object in Amazon States Language. Its input is the event that S3 sent. */
export function renderObjectTask(
  run: FargateRun,
  deadLetterQueueUrl: string,
  { retries, maxDuration }: ObjectFargateTaskProps,
): object {
  const runTask = renderRunTask(run, {
    environment: renderEnvironment(),
    retry: renderTaskRetry(retries ?? ObjectTaskDefaults.retries),
  });
  const toDeadLetters = {
    ErrorEquals: ['States.ALL'],
    Output: { event: '{% $states.input %}', error: '{% $states.errorOutput %}' },
    Next: ObjectTaskStates.deadLetter,
  };
  return {
    QueryLanguage: 'JSONata',
    StartAt: ObjectTaskStates.work,
    States: {
      [ObjectTaskStates.work]:
        maxDuration === undefined
          ? { ...runTask, Catch: [toDeadLetters], End: true }
          : besideClock(runTask, maxDuration.toMinutes({ integral: false }), { done: 'Done', failed: toDeadLetters }),
      ...(maxDuration !== undefined && { Done: { Type: 'Succeed' } }),
      [ObjectTaskStates.deadLetter]: {
        Type: 'Task',
        Resource: `arn:${Aws.PARTITION}:states:::sqs:sendMessage`,
        Arguments: { QueueUrl: deadLetterQueueUrl, MessageBody: '{% $string($states.input.event) %}' },
        Retry: [renderRetry(['States.ALL'], 5, 10)],
        Output: '{% $states.input.error %}',
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
  const detail = '$states.input.detail';
  return {
    [ObjectTaskEnv.bucket]: `{% ${detail}.bucket.name %}`,
    [ObjectTaskEnv.key]: `{% ${detail}.object.key %}`,
    [ObjectTaskEnv.versionId]: textOf(`${detail}.object.'version-id'`),
    [ObjectTaskEnv.size]: textOf(`${detail}.object.size`),
    [ObjectTaskEnv.etag]: textOf(`${detail}.object.etag`),
    [ObjectTaskEnv.sequencer]: textOf(`${detail}.object.sequencer`),
    [ObjectTaskEnv.reason]: textOf(`${detail}.reason`),
    [ObjectTaskEnv.correlationId]: '{% $states.input.id %}',
  };
}

/** Missing fields of the event become empty strings, because ECS accepts no other value. */
function textOf(path: string): string {
  return `{% $exists(${path}) ? $string(${path}) : '' %}`;
}
