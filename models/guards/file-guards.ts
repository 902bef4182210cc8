import type { Guard } from './rule.ts';
import { not } from './rule.ts';
import { isScopePaused } from './claim-rules.ts';

const MAX_INTERRUPTIONS = 3 * 86_400_000;

export const sameEpoch: Guard = {
  text: 'its epoch',
  holds: ({ file, event }) => event.epoch === file.epoch,
  promela: 'token[f] == tok',
};
export const sameWorker: Guard = {
  text: 'its worker',
  holds: ({ file, event }) => event.worker !== undefined && event.worker === file.worker,
  promela: 'IS_WORKER(f, inc)',
};
export const attemptLeft: Guard = {
  text: 'an attempt is left and the failure is not final',
  holds: ({ file, event }) => file.attempts < file.policy.maxAttempts && event.final !== true,
  promela: 'att[f] < MAXATT',
};
export const noAttemptLeft = not(attemptLeft, 'no attempt is left, or the failure is final');
export const blocks: Guard = {
  text: 'the policy blocks',
  holds: ({ file }) => file.policy.exhausted === 'block',
  promela: 'BLOCKS',
};
export const parks = not(blocks, 'the policy parks');
export const stopRecorded: Guard = {
  text: 'its stop is recorded',
  holds: ({ file }) => file.stopReason !== undefined,
  promela: 'STOP_RECORDED(f)',
};
export const noStopRecorded = not(stopRecorded, 'no stop is recorded');
export const interruptible: Guard = {
  text: 'the time of interruptions is not over',
  holds: ({ file, now }) => now - (file.interruptedSince ?? now) < (file.policy.maxInterruptionMs ?? MAX_INTERRUPTIONS),
};
/** The model has no time: it may be over where a search has the switch. */
export const notInterruptible: Guard = {
  ...not(interruptible, 'the time of interruptions is over'),
  promela: 'BUDGET',
};
export const canceled: Guard = {
  text: 'canceled',
  holds: ({ file }) => file.cancelReason !== undefined,
  promela: 'CANCELED(f)',
};
export const notCanceled = not(canceled, 'not canceled');
export const isPaused: Guard = {
  text: 'paused',
  holds: ({ state, file }) => isScopePaused(state.pauses, file),
  promela: 'PAUSED',
  atRead: true,
};
export const notPaused = not(isPaused, 'not paused');
export const due: Guard = { text: 'its time has come', holds: ({ file, now }) => (file.notBefore ?? 0) <= now };
export const early = not(due, 'its time has not come');

export const hasSequence: Guard = {
  text: 'in a sequence',
  holds: ({ file }) => file.sequence !== undefined,
  promela: '1',
};
export const noSequence = not(hasSequence, 'without a sequence');
