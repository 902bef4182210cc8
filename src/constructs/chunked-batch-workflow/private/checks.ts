import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { MAX_DEPENDENCY_WAIT } from '../../fargate-run';
import { checkBytes, checkDuration, checkExcluded, checkKnown, checkWholeNumber } from '../../private/checks';
import { checkSameEnvironment, checkSameRegion } from '../../private/same-environment';
import { checkSoleOwner } from '../../private/sole-owner';
import { MAX_MISSED_HOURS } from '../../private/missed-runs';
import { checkAlarmTime } from '../../private/queue-alarms';
import { ValidationError } from '../../private/validation-error';
import { FilingMode } from '../batch-enums';
import type { ChunkedBatchWorkflowProps } from '../chunked-batch-workflow-props';
import { BatchDefaults, BatchFolder } from '../defaults';

/** Checks that need no constructs. */
export function checkWorkflow(scope: Construct, props: ChunkedBatchWorkflowProps): void {
  checkWholeNumber('maxFilesPerBatch', props.maxFilesPerBatch, { min: 1, max: 10_000 }, scope);
  // The input of an execution has at most 256 KiB, and contains more than the files.
  checkBytes('maxBatchDescription', props.maxBatchDescription, { min: 1_024, max: 204_800 }, scope);
  checkWholeNumber('maxConcurrency', props.maxConcurrency, { min: 1, max: 10_000 }, scope);
  checkWholeNumber('maxConcurrentPrefixes', props.maxConcurrentPrefixes, { min: 1, max: 40 }, scope);
  checkWholeNumber('retries', props.retries, { min: 0, max: 10 }, scope);
  const maxWait = MAX_DEPENDENCY_WAIT.toSeconds();
  checkDuration('maxDependencyWait', props.maxDependencyWait, { min: 60, max: maxWait }, scope);
  checkDuration('batchTimeout', props.batchTimeout, { min: 60, max: 604_800 }, scope);
  checkPercentage('toleratedFailurePercentage', props.toleratedFailurePercentage, scope);
  checkPercentage('abortFailurePercentage', props.abortFailurePercentage, scope);
  checkDuration('resultRetention', props.resultRetention, { min: 1, unit: 'days', tokens: true }, scope);
  const { bucket, resultBucket, preparation, eventBus } = props;
  // https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
  checkSameEnvironment(
    { bucket, resultBucket },
    'Step Functions lists files and stores the results of a distributed map only there',
    scope,
  );
  checkSameRegion({ preparation, eventBus }, 'Step Functions calls services only in its own region', scope);
  if (props.resultBucket !== undefined) {
    checkExcluded(
      'resultBucket',
      { resultRetention: props.resultRetention },
      'set a lifecycle rule where the bucket is created',
      scope,
    );
  }
  checkAlarmTime('alarmMissedFor', props.alarmMissedFor, { min: 1, max: MAX_MISSED_HOURS, unit: 'hours' }, scope);
  if (props.alarmMissedFor !== undefined && props.schedule === undefined) {
    throw new ValidationError('alarmMissedFor needs a schedule, whose runs can be missed; set schedule', scope);
  }
  checkPrefixes(scope, props.prefixes);
  checkSoleFiling(scope, props);
  checkResults(scope, props);
  checkMarker(scope, props);
}

function checkPercentage(prop: string, value: number | undefined, scope: Construct): void {
  checkKnown(prop, value, scope);
  if (value !== undefined && !(value >= 0 && value <= 100)) {
    throw new ValidationError(`${prop} must be a number from 0 to 100, got: ${value}`, scope);
  }
}

function checkPrefixes(scope: Construct, prefixes: string[]): void {
  if (prefixes.length === 0) {
    throw new ValidationError(
      "prefixes cannot be empty; set the prefixes of a run, or [''] for the whole bucket",
      scope,
    );
  }
  for (const prefix of prefixes) {
    // They are used in policies and event patterns, in which * and ? are wildcards.
    if (
      Token.isUnresolved(prefix) ||
      prefix.startsWith('/') ||
      /[*?\\]/.test(prefix) ||
      (prefix !== '' && !prefix.endsWith('/'))
    ) {
      throw new ValidationError(
        `prefixes must be literal strings (no tokens) that end with a slash and do not start with one, without *, ? and \\, got: ${JSON.stringify(prefix)}`,
        scope,
      );
    }
    const outer = prefixes.find((other) => other !== prefix && prefix.startsWith(other + BatchFolder.incoming));
    if (outer !== undefined) {
      throw new ValidationError(
        `prefixes cannot include ${prefix}, which overlaps ${outer === '' ? 'the whole bucket' : outer}; omit one of them`,
        scope,
      );
    }
  }
  if (new Set(prefixes).size < prefixes.length) {
    throw new ValidationError(`prefixes must be unique, got: ${prefixes.join(', ')}`, scope);
  }
}

/** What one workflow moves or tags, another one would not find. */
function checkSoleFiling(scope: Construct, { bucket, prefixes, filing, source }: ChunkedBatchWorkflowProps): void {
  if (filing === FilingMode.NONE || source?.manifestName !== undefined) {
    return;
  }
  for (const prefix of prefixes) {
    checkSoleOwner(scope, {
      kind: 'the workflow',
      prop: `prefixes '${prefix}'`,
      key: `${bucket.bucketArn}/${prefix}`,
      stack: bucket.stack,
      reason: 'and two would take files from each other; use a prefix for each, or FilingMode.NONE',
    });
  }
}

function checkResults(
  scope: Construct,
  { resultPrefix = BatchDefaults.resultPrefix, resultBucket, bucket, prefixes }: ChunkedBatchWorkflowProps,
): void {
  if (
    Token.isUnresolved(resultPrefix) ||
    !resultPrefix.endsWith('/') ||
    resultPrefix.startsWith('/') ||
    /[*?\\]/.test(resultPrefix)
  ) {
    throw new ValidationError(
      `resultPrefix must be a literal string (no tokens) that ends with a slash and does not start with one, without *, ? and \\, got: ${JSON.stringify(resultPrefix)}`,
      scope,
    );
  }
  const inside =
    resultBucket === bucket
      ? prefixes.find((prefix) => resultPrefix.startsWith(prefix + BatchFolder.incoming))
      : undefined;
  if (inside !== undefined) {
    throw new ValidationError(
      `resultPrefix cannot be below ${inside}${BatchFolder.incoming}, where runs look for files, got: ${resultPrefix}; use another one`,
      scope,
    );
  }
}

function checkMarker(scope: Construct, { markerName, markerSource, bucket }: ChunkedBatchWorkflowProps): void {
  if (markerName !== undefined && (Token.isUnresolved(markerName) || markerName === '' || /[/*?\\]/.test(markerName))) {
    throw new ValidationError(
      `markerName must be the name of a file, without a slash, *, ? and \\, got: ${JSON.stringify(markerName)}`,
      scope,
    );
  }
  if (markerSource !== undefined && markerSource.bucket !== bucket) {
    throw new ValidationError(
      `markerSource must be the FileIngestBucket of bucket, got that of ${markerSource.bucket.node.path}; set bucket: inbox.bucket and markerSource: inbox`,
      scope,
    );
  }
}
