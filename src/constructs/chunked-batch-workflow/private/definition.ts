import { Aws } from 'aws-cdk-lib';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { BATCH_EVENT_SOURCE, BatchEventType, BatchFolders } from '../../../contract/batch';
import { lastError } from '../../fargate-run';
import { lookForOthers } from '../../private/overlap-states';
import { renderRetry } from '../../private/retry';
import { FilingMode, RunOverlap } from '../batch-enums';
import type { ChunkedBatchWorkflowProps } from '../chunked-batch-workflow-props';
import { BatchDefaults, BatchFolder, BATCH_MAP_LABEL } from '../defaults';
import type { BoundProcessor } from './processors';

export interface WorkflowParts {
  /** In metrics. */
  readonly name: string;
  readonly props: ChunkedBatchWorkflowProps;
  readonly processor: BoundProcessor;
  readonly resultBucket: IBucket;
  readonly resultPrefix: string;
  readonly finish: IFunction;
  readonly eventBus: IEventBus;
}

/** Steps of our own fail while a service is unavailable; for about 40 hours, with at most five minutes between. */
const AGAIN = renderRetry(['States.ALL'], 2, 1_000, 300);
const PREPARE_AGAIN = renderRetry(['States.ALL'], 2, 6);
const call = (service: string) => `arn:${Aws.PARTITION}:states:::${service}`;
/** A JSON string is a JSONata string too. */
const text = (value: string) => JSON.stringify(value);

/** A run in Amazon States Language: for each prefix its batches, then the count of the results, then the event. */
export function renderWorkflow(parts: WorkflowParts): object {
  const { preparation, overlap = RunOverlap.WAIT } = parts.props;
  const first = preparation === undefined ? 'Prefixes' : 'Prepare';
  return {
    QueryLanguage: 'JSONata',
    StartAt: overlap === RunOverlap.ALLOW ? first : 'LookForOthers',
    States: {
      ...renderOverlap(overlap, first),
      ...(preparation && {
        Prepare: {
          Type: 'Task',
          Resource: call('lambda:invoke'),
          Arguments: { FunctionName: preparation.functionArn, Payload: '{% $states.context.Execution.Input %}' },
          Retry: [PREPARE_AGAIN],
          Output: '{% $states.result.Payload %}',
          Next: 'Prefixes',
        },
      }),
      Prefixes: renderPrefixes(parts),
      Result: {
        Type: 'Choice',
        Choices: [{ Condition: '{% $count($states.input[status = "failed"]) = 0 %}', Next: 'Succeeded' }],
        Default: 'Failed',
      },
      Succeeded: { Type: 'Succeed' },
      // So that the run counts as failed, and the alarm is in ALARM.
      Failed: {
        Type: 'Fail',
        Error: 'TooManyFilesFailed',
        Cause:
          '{% "Prefixes whose files failed, or could not be found: " & $join($states.input[status = "failed"].prefix, ", ") %}',
      },
    },
  };
}

function renderOverlap(overlap: RunOverlap, first: string): object {
  switch (overlap) {
    case RunOverlap.ALLOW:
      return {};
    case RunOverlap.SKIP:
      return {
        ...lookForOthers({ alone: first, others: 'Skipped' }),
        Skipped: { Type: 'Succeed', Comment: 'Another run is in progress', Output: { skipped: true } },
      };
    case RunOverlap.WAIT:
      return {
        ...lookForOthers({ alone: first, others: 'WaitForOthers' }),
        WaitForOthers: { Type: 'Wait', Seconds: BatchDefaults.overlapInterval.toSeconds(), Next: 'LookForOthers' },
      };
  }
}

function renderPrefixes(parts: WorkflowParts): object {
  const { props, resultPrefix, finish, eventBus } = parts;
  return {
    Type: 'Map',
    Items: `{% ${prefixesOf(props)} %}`,
    MaxConcurrency: props.maxConcurrentPrefixes ?? BatchDefaults.maxConcurrentPrefixes,
    ItemSelector: {
      runId: '{% $states.context.Execution.Name %}',
      prefix: '{% $states.context.Map.Item.Value %}',
      folder: `{% ${text(resultPrefix)} & $states.context.Execution.Name & "/" & $string($states.context.Map.Item.Index) & "/" %}`,
      startedAt: '{% $now() %}',
    },
    ItemProcessor: {
      ProcessorConfig: { Mode: 'INLINE' },
      StartAt: 'Files',
      States: {
        Files: renderFiles(parts),
        Finish: {
          Type: 'Task',
          Resource: call('lambda:invoke'),
          Arguments: { FunctionName: finish.functionArn, Payload: '{% $states.input %}' },
          Retry: [AGAIN],
          Output: '{% $states.result.Payload %}',
          Next: 'Tell',
        },
        Tell: {
          Type: 'Task',
          Resource: call('events:putEvents'),
          Arguments: {
            Entries: [
              {
                Source: BATCH_EVENT_SOURCE,
                DetailType: `{% $states.input.status = "succeeded" ? ${text(BatchEventType.succeeded)} : ${text(BatchEventType.failed)} %}`,
                Detail: '{% $states.input %}',
                EventBusName: eventBus.eventBusName,
              },
            ],
          },
          Retry: [AGAIN],
          Output: '{% $states.input.{"prefix": prefix, "status": status} %}',
          End: true,
        },
      },
    },
    Next: 'Result',
  };
}

/** From the input: a list of prefixes, or the event of a marker file; otherwise all. */
function prefixesOf({
  prefixes,
  preparation,
  markerName = BatchDefaults.markerName,
}: ChunkedBatchWorkflowProps): string {
  const input = preparation === undefined ? '$states.context.Execution.Input' : '$states.input';
  const marker = text(BatchFolder.incoming + markerName);
  const ofMarker = `$substring($in.detail.object.key, 0, $length($in.detail.object.key) - $length(${marker}))`;
  return `($in := ${input}; $exists($in.prefixes) ? [$in.prefixes] : $exists($in.detail.object.key) ? [${ofMarker}] : ${JSON.stringify(prefixes)})`;
}

function renderFiles(parts: WorkflowParts): object {
  const { props, resultBucket } = parts;
  const { maxBatchDescription = BatchDefaults.maxBatchDescription } = props;
  return {
    Type: 'Map',
    Label: BATCH_MAP_LABEL,
    ItemReader: renderReader(props),
    ItemSelector:
      '{% $states.context.Map.Item.Value.{"key": $exists(Key) ? Key : key, "size": $exists(Size) ? Size : size, "etag": $exists(Etag) ? Etag : etag} %}',
    ItemBatcher: {
      MaxItemsPerBatch: props.maxFilesPerBatch ?? BatchDefaults.maxFilesPerBatch,
      MaxInputBytesPerBatch: maxBatchDescription.toBytes(),
      BatchInput: {
        runId: '{% $states.input.runId %}',
        prefix: '{% $states.input.prefix %}',
        folder: '{% $states.input.folder %}',
      },
    },
    MaxConcurrency: props.maxConcurrency ?? BatchDefaults.maxConcurrency,
    ToleratedFailurePercentage: props.abortFailurePercentage ?? BatchDefaults.abortFailurePercentage,
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: 'HasFiles',
      States: renderBatch(parts),
    },
    // The output of executions would not fit into a state; only an operator who investigates a run needs it.
    ResultWriter: {
      Resource: call('s3:putObject'),
      Arguments: {
        Bucket: resultBucket.bucketName,
        Prefix: `{% $states.input.folder & ${text(BatchFolders.executions)} %}`,
      },
    },
    Output: '{% $states.input %}',
    Catch: [
      {
        ErrorEquals: ['States.ALL'],
        Output:
          '{% $merge([$states.input, {"error": $states.errorOutput.Error & ": " & $string($states.errorOutput.Cause)}]) %}',
        Next: 'Finish',
      },
    ],
    Next: 'Finish',
  };
}

function renderReader({ bucket, source }: ChunkedBatchWorkflowProps): object {
  const manifest = source?.manifestName;
  return manifest === undefined
    ? {
        Resource: call('s3:listObjectsV2'),
        Arguments: { Bucket: bucket.bucketName, Prefix: `{% $states.input.prefix & ${text(BatchFolder.incoming)} %}` },
      }
    : {
        Resource: call('s3:getObject'),
        ReaderConfig: { InputType: 'JSONL' },
        Arguments: { Bucket: bucket.bucketName, Key: `{% $states.input.prefix & ${text(manifest)} %}` },
      };
}

function renderBatch({ name, props, processor, resultBucket }: WorkflowParts): object {
  const {
    markerName = BatchDefaults.markerName,
    retries = BatchDefaults.retries,
    batchTimeout = BatchDefaults.batchTimeout,
    maxDependencyWait = BatchDefaults.maxDependencyWait,
  } = props;
  const marker = text(`/${markerName}`);
  const files = `[$states.input.Items[$not(size = 0) and $substring(key, -1) != "/" and $substring(key, -$length(${marker})) != ${marker}]]`;
  const keyIn = (folder: string) =>
    `$states.input.BatchInput.folder & ${text(folder)} & $states.context.Execution.Name & ".json"`;
  const put = (key: string, body: object, next: object) => ({
    Type: 'Task',
    Resource: call('aws-sdk:s3:putObject'),
    Arguments: { Bucket: resultBucket.bucketName, Key: `{% ${key} %}`, ContentType: 'application/json', Body: body },
    Retry: [AGAIN],
    ...next,
  });
  return {
    HasFiles: {
      Type: 'Choice',
      Choices: [{ Condition: `{% $count(${files}) = 0 %}`, Next: 'BatchDone' }],
      Default: 'Describe',
    },
    Describe: put(
      keyIn(BatchFolders.batches),
      {
        version: 1,
        runId: '{% $states.input.BatchInput.runId %}',
        batchId: '{% $states.context.Execution.Name %}',
        bucket: props.bucket.bucketName,
        files: `{% ${files} %}`,
        filing: renderFiling(props.filing ?? FilingMode.MOVE),
        resultKey: `{% ${keyIn(BatchFolders.results)} %}`,
      },
      {
        Output: {
          bucket: resultBucket.bucketName,
          key: `{% ${keyIn(BatchFolders.batches)} %}`,
          runId: '{% $states.input.BatchInput.runId %}',
          failureKey: `{% ${keyIn(BatchFolders.failures)} %}`,
        },
        Next: 'Work',
      },
    ),
    ...processor.render({
      name,
      work: 'Work',
      retries,
      timeout: batchTimeout,
      maxDependencyWait,
      done: 'BatchDone',
      failed: 'NoteFailure',
    }),
    NoteFailure: put(
      '$states.input.failureKey',
      { error: `{% ${lastError}.Error %}`, cause: `{% $string(${lastError}.Cause) %}` },
      { Output: `{% ${lastError} %}`, Next: 'BatchFailed' },
    ),
    // Names are unique in the whole machine: https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
    BatchFailed: { Type: 'Fail', Error: '{% $states.input.Error %}', Cause: '{% $string($states.input.Cause) %}' },
    BatchDone: { Type: 'Succeed', Output: {} },
  };
}

function renderFiling(filing: FilingMode): object {
  const folder = (name: string) => `{% $states.input.BatchInput.prefix & ${text(name)} %}`;
  return filing === FilingMode.MOVE
    ? {
        by: filing,
        incoming: folder(BatchFolder.incoming),
        processed: folder(BatchFolder.processed),
        failed: folder(BatchFolder.failed),
      }
    : { by: filing };
}
