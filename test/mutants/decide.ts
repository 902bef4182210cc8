import { mutantsOf } from './mutant.ts';

/** Guards of the protocol that are dropped or weakened. */
export const decideMutants = [
  ...mutantsOf('runtime/dispatch/decide.ts', [
    ['const version = file.fence + 1;', 'const version = file.fence;', 'the fence does not grow on retry'],
    ["if (event.type === 'retry' &&", "if (event.type === 'arrive' &&", 'a paused file is retried'],
    ['if (isPaused(pauses, queued)) {', 'if (isPaused(undefined, queued)) {', 'a paused file is claimed'],
    ['|| head?.holder !== undefined) {', ') {', 'a slot that is held is claimed'],
    ["|| queued.status !== 'queued' ", '', 'a file that is not queued is claimed'],
    [
      'if ((queued.notBefore ?? 0) > now) {',
      'if ((queued.notBefore ?? 0) > now + 1) {',
      'a file is claimed before its time',
    ],
    [
      'const version = Math.max(head?.version ?? 0, queued.fence ?? 0) + 1;',
      'const version = Math.max(head?.version ?? 1, queued.fence ?? 0);',
      'a claim does not change the version of its slot',
    ],
    [
      'const version = Math.max(head?.version ?? 0, queued.fence ?? 0) + 1;',
      'const version = (head?.version ?? 0) + 1;',
      'the fence of a redriven file is less than its last one',
    ],
    [
      'change: { version: (seen?.version ?? 0) + 1, holder: queued.id }',
      'change: { version: seen?.version ?? 1, holder: queued.id }',
      'a claim does not change the version of its place under a limit',
    ],
    ['epoch: queued.epoch + 1', 'epoch: queued.epoch', 'a claim has the token of the last one'],
    [
      "return file.status === 'completed'\n        ? launchAgain",
      "return file.status !== 'running'\n        ? launchAgain",
      'a file that is open is processed again',
    ],
    ['attempts: queued.attempts + 1', 'attempts: queued.attempts', 'a claim is no attempt'],
    ['fence: version,', 'fence: head?.version ?? 1,', 'the fence of a claim is old'],
    [
      'file.epoch === epoch && file.worker === worker) {\n    return kept;',
      'file.epoch === epoch) {\n    return kept;',
      'a second container begins beside the first',
    ],
    ['others.length >= MAX_PAUSES', 'others.length > MAX_PAUSES', 'one scope too many is paused'],
    [
      "if (file.status !== 'starting' && file.status !== 'running') {\n    return refused;",
      "if (file.status !== 'starting' && file.status !== 'running' && file.status !== 'waiting') {\n    return refused;",
      'a waiting file is postponed',
    ],
    [
      "if (file.status !== 'waiting') {\n    return refused;",
      "if (file.status !== 'waiting' && file.status !== 'blocked') {\n    return refused;",
      'a blocked file is retried without an operator',
    ],
    [
      'if ((file.notBefore ?? 0) > now) {',
      'if ((file.notBefore ?? 0) > now + 1) {',
      'a file is retried before its time',
    ],
    [
      "return file.status === 'parked' || file.status === 'blocked' ? launchAgain",
      "return file.status === 'parked' || file.status === 'blocked' || file.status === 'skipped' ? launchAgain",
      'a skipped file is redriven',
    ],
    ['attempts: 0,', 'attempts: file.attempts,', 'a redriven file has no new attempts'],
    [
      "return changed(...headOf(file, { holder: undefined }), update(file, { ...fresh, status: 'queued' }, now));",
      "return changed(update(file, { ...fresh, status: 'queued' }, now));",
      'a redriven file keeps its slot',
    ],
    [
      "const allowed =\n    file.status === 'queued' ||",
      "const allowed =\n    file.status === 'running' || file.status === 'queued' ||",
      'a running file is skipped under its container',
    ],
    [
      "file.status === 'running' && file.epoch === epoch && file.worker === worker;",
      "file.status === 'running' && file.epoch === epoch;",
      'any container of the launch ends the turn',
    ],
    [
      "file.status === 'running' && file.epoch === epoch && file.worker === worker;",
      "file.status === 'running' && file.worker === worker;",
      'a container of an earlier launch ends the turn',
    ],
    [
      "file.status === 'starting' && file.epoch === epoch;",
      "file.status === 'starting';",
      'evidence about an earlier launch ends this one',
    ],
    [
      'hasNotBegun(file, evidence) ||\n  (evidence.worker !== undefined &&',
      "hasNotBegun(file, evidence) || (evidence.worker === undefined && file.status === 'running') ||\n  (evidence.worker !== undefined &&",
      'the end of a launch ends the container that began',
    ],
    [
      '(file.status === status && file.epoch === epoch && file.worker === worker ? kept',
      '(file.status === status && file.epoch === epoch ? kept',
      'another container gets a success for the end of this one',
    ],
    ['|| file.cancelReason !== undefined) {', ') {', 'a canceled file begins'],
    [
      'change: { status: file.status, cancelReason: reason } })\n    : kept;',
      'change: { status: file.status } })\n    : kept;',
      'a cancel is not recorded',
    ],
    ['stopReason: event.reason, dueAt', 'dueAt', 'the stop of a worker is not recorded'],
  ]),
  ...mutantsOf('runtime/dispatch/decide-end.ts', [
    ['.slice(-MAX_LAST_ATTEMPTS)', '', 'a row grows with every attempt'],
    ['event.reason.slice(0, MAX_ATTEMPT_REASON)', 'event.reason', 'the reasons of attempts have no bound'],
    ['const by = event.worker ?? worker;', 'const by = event.worker;', 'an interrupted attempt has no task'],
    [
      'Math.min(now + policy.hangTimeoutMs, beganAt + policy.maxRuntimeMs)',
      'now + policy.hangTimeoutMs + 0 * beganAt',
      'maxRuntime is ignored',
    ],
    ['attempts < policy.maxAttempts &&', 'attempts <= policy.maxAttempts &&', 'one attempt too many'],
    ['&& event.final !== true', '', 'a final failure is retried'],
    ["return policy.exhausted === 'block'", "return policy.exhausted !== 'block'", 'what should block is parked'],
    ['|| file.stopReason !== undefined) {', ') {', 'a worker that was stopped for its time counts as interrupted'],
    [
      'if (now - interruptedSince < maxInterruptionMs) {',
      'if (now - interruptedSince <= maxInterruptionMs) {',
      'interruptions have a longer time',
    ],
    [
      'return attemptVoid(file, reason, now, { interruptedSince, lastAttempts });',
      'return attemptVoid(file, reason, now);',
      'the time of interruptions never begins',
    ],
    [
      "status: 'waiting',\n        attempts: file.attempts - 1,",
      "status: 'waiting',\n        attempts: file.attempts,",
      'an interruption uses up an attempt',
    ],
    [
      "status: 'blocked', attempts: file.attempts - 1,",
      "status: 'blocked', attempts: file.attempts,",
      'a launch that cannot work uses up an attempt',
    ],
    [
      "if (file.cancelReason !== undefined) {\n    return end(file, { status: 'skipped', reason: file.cancelReason, lastAttempts }, now);\n  }\n  const ending",
      'const ending',
      'a canceled file is retried after it failed',
    ],
    ['    stopReason: undefined,\n', '', 'a recorded stop stays for the next attempt'],
    ['    interruptedSince: undefined,\n', '', 'the time of interruptions does not begin again'],
    [
      'seen: { version: file.fence, holder: file.id }, change }',
      'seen: { version: file.fence }, change }',
      'the head is not confirmed with its holder',
    ],
    ['...headOf(file, { holder: undefined }),', '', 'the end of a file does not free its slot'],
    ['{ ...change, slot: undefined, dueAt', '{ ...change, dueAt', 'an ended file has a slot'],
  ]),
  ...mutantsOf('runtime/dispatch/decide-arrival.ts', [
    [
      'if (state.file !== undefined) {',
      'if (state.file !== undefined && state.file.status !== "completed") {',
      'a completed file is registered again',
    ],
    ['isOlder(sequencer, state.key?.deleted)', 'isOlder(sequencer, undefined)', 'a tombstone is ignored'],
    [
      'if (tracked && isOlder(sequencer, state.key?.created)) {',
      'if (tracked && isOlder(sequencer, undefined)) {',
      'an overwritten version is queued',
    ],
    ["...supersede(state.latest, now, 'overwritten')]", ']', 'the older version stays in the queue'],
    [
      "if (arrival.late === 'run-next') {",
      "if (arrival.late !== 'park') {",
      'a late file that should be appended runs next',
    ],
    ['arrival.order < head.last;', 'arrival.order <= head.last;', 'a file of the same order is late'],
    [
      '...(head?.holder === undefined && { version: (head?.version ?? 0) + 1 }),',
      '...(head === undefined && { version: 1 }),',
      'a claim that has read the queue overtakes a late file',
    ],
    ['...(head.holder !== undefined && { holder: head.holder })', '', 'a late file does not confirm the holder'],
    [
      'const appended = (head?.appended ?? 0) + 1;',
      'const appended = head?.appended ?? 1;',
      'two appended files have the same order',
    ],
    [
      "return file?.status === 'queued'",
      "return file?.status === 'queued' || file?.status === 'waiting'",
      'a started file is skipped by its next version',
    ],
    [
      '!isOlder(state.key.deleted, object.sequencer)) {',
      'isOlder(object.sequencer, "0")) {',
      'an older delete moves the tombstone back',
    ],
    [
      'isOlder(state.latest?.object.sequencer, object.sequencer)',
      'state.latest !== undefined',
      'a delete that comes late skips a newer version',
    ],
    [
      'latest.object.etag === object.etag &&\n  latest.object.versionId === object.versionId;\n\n/** Removes',
      'latest.object.etag === object.etag;\n\n/** Removes',
      'another version with the same content is the same object',
    ],
    [
      'created, file: undefined, updatedAt',
      'created, updatedAt',
      'a later object with the same content is not registered',
    ],
    ["...(status === 'queued' && notBefore !== undefined && { notBefore }),", '', 'the settle time is ignored'],
  ]),
];
