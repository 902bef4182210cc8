import type { FileStatus } from '../../src/runtime/dispatch/rows.js';
import type { Effect, Guard, Rule } from './rule.ts';
import { statuses } from './rule.ts';
import {
  LAUNCH_CHECK,
  STOP_CHECK,
  attempts,
  completedAttempt,
  countAttempt,
  ended,
  endedWorker,
  failedAttempt,
  freesSlot,
  interrupted,
  interruptedAttempt,
  lastInterruption,
  launchCheck,
  newEpoch,
  newFence,
  noCheck,
  noDelay,
  noInterruptions,
  noReason,
  noWorker,
  reason,
  result,
  retryLater,
  since,
  stopReason,
  uncountAttempt,
  updated,
} from './file-effects.ts';
import {
  attemptLeft,
  blocks,
  due,
  early,
  hasSequence,
  interruptible,
  isPaused,
  noAttemptLeft,
  noSequence,
  noStopRecorded,
  notInterruptible,
  notPaused,
  parks,
  sameEpoch,
  sameWorker,
  stopRecorded,
  canceled,
  notCanceled,
} from './file-guards.ts';

const rule = (
  event: Rule['event'],
  from: readonly FileStatus[],
  guards: readonly Guard[],
  outcome: Rule['outcome'],
  to?: FileStatus,
  effects: readonly Effect[] = [],
): Rule => ({ event, from, guards, outcome, ...(to !== undefined && { to }), effects });

/** The attempt is over and counts. */
const attemptOver = (
  event: 'fail' | 'stopped' | 'interrupt',
  from: FileStatus,
  evidence: readonly Guard[],
  why: readonly Effect[],
): Rule[] => [
  rule(event, [from], [...evidence, attemptLeft], 'changed', 'waiting', [
    ...why,
    failedAttempt,
    noInterruptions,
    retryLater,
    updated,
  ]),
  rule(event, [from], [...evidence, noAttemptLeft, blocks], 'changed', 'blocked', [
    ...why,
    failedAttempt,
    noInterruptions,
    noCheck,
    updated,
  ]),
  rule(event, [from], [...evidence, noAttemptLeft, parks], 'changed', 'parked', [
    ...why,
    failedAttempt,
    noInterruptions,
    ...ended,
  ]),
];
/** The attempt is over and does not count. */
const attemptVoid = (
  event: Rule['event'],
  from: FileStatus,
  evidence: readonly Guard[],
  more: readonly Effect[] = [],
): Rule => rule(event, [from], evidence, 'changed', 'waiting', [reason, uncountAttempt, interrupted, ...more, updated]);

/** The attempt of a canceled file is over. */
const skipped = (
  event: Rule['event'],
  from: FileStatus,
  evidence: readonly Guard[],
  attempt: readonly Effect[] = [],
): Rule =>
  rule(event, [from], [...evidence, canceled], 'changed', 'skipped', [
    { text: 'reason of the cancel', fields: ({ file }) => ({ reason: file.cancelReason }) },
    ...attempt,
    ...ended,
  ]);
const current = [sameEpoch, sameWorker];
const launched = [newEpoch, launchCheck, updated];
const cancelReason: Effect = { text: 'reason of the cancel', fields: ({ event }) => ({ cancelReason: event.reason }) };
const noCancel: Effect = { text: 'no cancel', fields: () => ({ cancelReason: undefined }) };
const redriven = [noWorker, noDelay, noReason, noInterruptions, noCancel];

/** Events of a registered file. Whatever no rule matches is refused. */
export const fileRules: readonly Rule[] = [
  rule('begin', ['starting'], [sameEpoch, notCanceled], 'changed', 'running', [
    {
      text: 'worker, and its log if the event has one',
      fields: ({ event: { worker, log } }) => ({ worker, ...(log === undefined ? {} : { log }) }),
    },
    { text: 'began now', fields: ({ now }) => ({ beganAt: now }) },
    noReason,
    { text: 'checked after hangTimeout', fields: ({ file, now }) => ({ dueAt: now + file.policy.hangTimeoutMs }) },
    updated,
  ]),
  rule('begin', ['running'], current, 'kept'),
  rule('heartbeat', ['running'], [...current, notCanceled], 'kept', 'running', [
    {
      text: 'checked after hangTimeout, at the latest maxRuntime after it began',
      fields: ({ file, now }) => ({
        dueAt: Math.min(now + file.policy.hangTimeoutMs, (file.beganAt ?? 0) + file.policy.maxRuntimeMs),
      }),
    },
    updated,
  ]),
  rule('complete', ['running'], current, 'changed', 'completed', [result, ...ended]),
  rule('complete', ['completed'], current, 'kept'),
  rule('skip', ['running'], current, 'changed', 'skipped', [reason, ...ended]),
  rule('skip', ['skipped'], current, 'kept'),
  skipped('fail', 'running', current, [failedAttempt]),
  ...attemptOver('fail', 'running', [...current, notCanceled], [reason, endedWorker]),
  rule('fail', ['waiting', 'blocked', 'parked'], current, 'kept'),
  skipped('stopped', 'running', current, [failedAttempt]),
  ...attemptOver('stopped', 'running', [...current, notCanceled], [reason, endedWorker]),
  skipped('stopped', 'starting', [sameEpoch], [failedAttempt]),
  ...attemptOver('stopped', 'starting', [sameEpoch, notCanceled], [reason, endedWorker]),
  skipped('interrupt', 'running', current, [failedAttempt]),
  ...attemptOver('interrupt', 'running', [...current, notCanceled, stopRecorded], [stopReason]),
  attemptVoid(
    'interrupt',
    'running',
    [...current, notCanceled, noStopRecorded, interruptible],
    [since, interruptedAttempt],
  ),
  rule('interrupt', ['running'], [...current, notCanceled, noStopRecorded, notInterruptible], 'changed', 'blocked', [
    lastInterruption,
    interruptedAttempt,
    uncountAttempt,
    noCheck,
    updated,
  ]),
  rule('interrupt', ['waiting', 'blocked', 'parked'], current, 'kept'),
  skipped('interrupt', 'starting', [sameEpoch]),
  attemptVoid('interrupt', 'starting', [sameEpoch, notCanceled]),
  skipped('refuse', 'starting', [sameEpoch]),
  attemptVoid('refuse', 'starting', [sameEpoch, notCanceled]),
  skipped('misconfigured', 'starting', [sameEpoch]),
  rule('misconfigured', ['starting'], [sameEpoch, notCanceled], 'changed', 'blocked', [
    reason,
    uncountAttempt,
    noCheck,
    updated,
  ]),
  rule('postpone', ['starting'], [], 'kept', 'starting', [
    {
      text: 'checked after the time of the event, or 15 minutes',
      fields: ({ event, now }) => ({ dueAt: now + (event.afterMs ?? LAUNCH_CHECK) }),
    },
  ]),
  rule('postpone', ['running'], [], 'kept', 'running', [
    {
      text: 'checked after the time of the event, or 1 minute',
      fields: ({ event, now }) => ({ dueAt: now + (event.afterMs ?? STOP_CHECK) }),
    },
  ]),
  rule('stop', ['running'], current, 'kept', 'running', [
    {
      text: 'reason of the stop, checked after 1 minute',
      fields: ({ event, now }) => ({ stopReason: event.reason, dueAt: now + STOP_CHECK }),
    },
  ]),
  rule('retry', statuses, [isPaused], 'paused'),
  rule('retry', ['waiting'], [notPaused, early], 'early'),
  rule('retry', ['waiting'], [notPaused, due], 'changed', 'starting', [
    newFence,
    countAttempt,
    noWorker,
    noDelay,
    ...launched,
  ]),
  rule('redrive', ['blocked', 'parked'], [hasSequence], 'changed', 'queued', [
    attempts(0),
    freesSlot,
    ...redriven,
    noCheck,
    updated,
  ]),
  rule('redrive', ['blocked', 'parked'], [noSequence], 'changed', 'starting', [
    attempts(1),
    freesSlot,
    ...redriven,
    ...launched,
  ]),
  rule('reprocess', ['completed'], [hasSequence], 'changed', 'queued', [
    attempts(0),
    freesSlot,
    completedAttempt,
    ...redriven,
    noCheck,
    updated,
  ]),
  rule('reprocess', ['completed'], [noSequence], 'changed', 'starting', [
    attempts(1),
    freesSlot,
    completedAttempt,
    ...redriven,
    ...launched,
  ]),
  rule('discard', ['queued', 'waiting', 'blocked', 'parked'], [], 'changed', 'skipped', [reason, ...ended]),
  rule('discard', ['skipped'], [], 'kept'),
  rule('cancel', ['queued', 'waiting', 'blocked', 'parked'], [], 'changed', 'skipped', [reason, ...ended]),
  rule('cancel', ['skipped'], [], 'kept'),
  rule('cancel', ['starting', 'running'], [canceled], 'kept'),
  rule('cancel', ['starting'], [notCanceled], 'changed', 'starting', [cancelReason]),
  rule('cancel', ['running'], [notCanceled], 'changed', 'running', [cancelReason]),
];
