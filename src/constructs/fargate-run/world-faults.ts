import { MAX_OUTAGE_WAIT_SECONDS, UNAVAILABLE_EXIT_CODE } from '../../contract/task-run-env';

/*
 * JSONata expressions about the failure of a task that a state machine has caught: its `error`, the time when its
 * attempt `began`, and `since` when a dependency has been unavailable, or 0.
 */

/** What a state machine knows of its run; the input of an execution has no such field. */
export const RUN = 'fileworksRun';
export const run = `$states.input.${RUN}`;

/** Errors of Step Functions when nothing was started: throttled, denied, unavailable, or without capacity. */
const REFUSALS = [
  'ECS.AmazonECSException',
  'AmazonECS.Unknown',
  'ECS.ServerException',
  'ECS.ThrottlingException',
  'ECS.AccessDeniedException',
  'Lambda.AWSLambdaException',
  'Lambda.AccessDeniedException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.SdkClientException',
  'Lambda.ServiceException',
  'Lambda.TooManyRequestsException',
];

/** Name of the error that a function of fileworks-runtime throws for a dependency. */
const UNAVAILABLE_ERROR = 'DependencyUnavailable';

/** A longer attempt shows that its dependencies answered; shorter ones may have waited for one in the task. */
const ANSWERED_AFTER_MS = 1_200_000;

/** Waits of at least this many seconds, and at most this many. */
const WAIT_SECONDS = { min: 10, max: MAX_OUTAGE_WAIT_SECONDS } as const;

/** Part of the time of an outage: a refused start costs nothing, and a burst of them has to spread. */
const WAIT_PART = { refused: 0.5, started: 0.05 } as const;

const error = `${run}.error`;
const now = '$toMillis($states.context.State.EnteredTime)';
const sinceBegin = `(${now} - $toMillis(${run}.began))`;

const isRefused = `(${error}.Error in ${JSON.stringify(REFUSALS)})`;

/**
 * The task that failed, without spaces. Step Functions reports it as the JSON of `Cause`, which is searched rather than
 * parsed, because a long one may be cut off. Quotes in the values, such as the key of the object, are escaped in it.
 */
const stoppedTask = `$replace(${error}.Cause, " ", "")`;

/** Whether ECS stopped the task, or one of its containers, for this reason. */
const hasReason = (reason: string) => `$contains(${stoppedTask}, ${JSON.stringify(`Reason":"${reason}`)})`;

const CANNOT_PULL = 'CannotPullContainerError';
const pullError = `$substringBefore($substringAfter(${stoppedTask}, "${CANNOT_PULL}"), "\\",\\"")`;

/**
 * An image that is missing, or built for another platform: a new revision of the task definition repairs that, and an
 * execution has its own. If the registry denies, throttles or does not answer, a later attempt can pull the image.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
 */
const WRONG_IMAGE = ['notfound', 'descriptormatchingplatform'];
const cannotPull = `(${hasReason(CANNOT_PULL)} and $not(${WRONG_IMAGE.map((text) => `$contains(${pullError}, "${text}")`).join(' or ')}))`;

/** @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html */
const isUnavailable = `(${error}.Error = "${UNAVAILABLE_ERROR}" or ${error}.Error = "States.TaskFailed" and ($contains(${stoppedTask}, "\\"ExitCode\\":${UNAVAILABLE_EXIT_CODE}") or ${hasReason('ResourceInitializationError')} or ${cannotPull}))`;

/** Whether ECS, Lambda or a dependency of the task failed, and not the work. */
export const isWorldFault = `(${isRefused} or ${isUnavailable})`;

/** Milliseconds, since the epoch, when the outage began: the first attempt has waited in its task. */
export const outageSince = `(${sinceBegin} >= ${ANSWERED_AFTER_MS} ? ${now} : ${run}.since > 0 ? ${run}.since : $toMillis(${run}.began))`;

export const outageSeconds = `$floor((${now} - ${outageSince}) / 1000)`;

/** Seconds to wait, a third of them to all: a part of the outage so far. */
export const outageWait = `$ceil($min([${WAIT_SECONDS.max}, $max([${WAIT_SECONDS.min}, (${isRefused} ? ${WAIT_PART.refused} : ${WAIT_PART.started}) * ${outageSeconds}])]) * (1 + 2 * $random()) / 3)`;

/** Seconds of the attempt. */
export const attemptSeconds = `$ceil(${sinceBegin} / 1000)`;
