import { mutantsOf } from './mutant.ts';

/** The functions of the dispatcher, and the hosts of its tasks. */
export const handlerMutants = [
  ...mutantsOf('handlers/dispatch-watcher/index.ts', [
    [
      "result.status === 'rejected' && !outages.met(result.reason)",
      "result.status === 'rejected' && outages.met(result.reason)",
      'a stream record that failed is not tried again',
    ],
    [
      '[...(sequences.get(sequence)?.files ?? []), id]',
      '[id]',
      'only the last file of a batch frees its place',
      undefined,
    ],
    [
      "state.kind !== 'stopped' && state.kind !== 'done'",
      "state.kind !== 'stopped'",
      'a gated task that succeeded is not completed',
    ],
    [
      'Number(epoch), detail.taskArn, state)',
      'Number(epoch) + 1, detail.taskArn, state)',
      'the end of a task is about another launch',
    ],
    [
      '`^${variable(DispatchFunctionEnv.startedBy)}/([a-z2-7]+)',
      '`/([a-z2-7]+)',
      'tasks of another dispatcher are taken for its own',
    ],
    [
      '`^${variable(DispatchFunctionEnv.executionPrefix)}-([a-z2-7]+)',
      '`-([a-z2-7]+)',
      'executions of others are taken for its own',
    ],
    ['await parts().dispatcher.releaseStalePlaces(types());', '', 'a place whose end event was lost is never free'],
    [
      'if (signal.aborted) {',
      'if (!signal.aborted && signal.aborted) {',
      'a sweep that was cut off counts as complete',
    ],
    ['putMetrics({ [END_METRICS[status]]: 1 }, type);', '', 'ended files are not counted'],
    [
      "for (const status of ['blocked', 'parked'] as const) {",
      "for (const status of ['blocked'] as const) {",
      'parked files are not counted',
    ],
    [
      'Math.min(counts.oldest, file.registeredAt)',
      'Math.max(counts.oldest, file.registeredAt)',
      'the age of the newest file is reported',
    ],
    ['types().forEach(countsOf);', '', 'a type without files reports nothing, so that its alarm has no data'],
    ['putMetrics({ [DispatchMetrics.sweeps]: 1 });', '', 'complete sweeps are not counted'],
    ['countedUntil ?? until - SWEEP_MS, until', 'until - SWEEP_MS, until', 'files are counted twice or never'],
  ]),
  ...mutantsOf('handlers/dispatch-launcher/index.ts', [
    [
      '!(error instanceof LaunchMisconfigured)',
      'error instanceof LaunchMisconfigured',
      'a launch that failed is not tried again',
    ],
    ['if (launched) {', 'if (!launched) {', 'launches are not paced'],
  ]),
  ...mutantsOf('handlers/dispatch-ingress/index.ts', [
    [
      'if (error instanceof RangeError) {',
      'if (error instanceof SyntaxError) {',
      'an event that cannot be read is tried for ever',
    ],
    ["if (event.kind === 'hidden') {", "if (event.kind === 'created' && arrival === event) {", 'a delete marker fails'],
    ["if (event.kind === 'deleted') {", "if (event.kind === 'created' && arrival === event) {", 'a delete is ignored'],
    [
      "event.record.reconciled === true && arrival.overwrite === 'each'",
      "event.record.reconciled === true && arrival.overwrite === 'latest'",
      'a listing registers versions again',
    ],
    [
      "} else if (rules().unmatched === 'dead-letter') {",
      "} else if (rules().unmatched !== 'dead-letter') {",
      'an event without a type is dropped',
    ],
    ['failed.map((itemIdentifier) => ({ itemIdentifier }))', '[]', 'an event that failed is deleted'],
    [
      'if (error instanceof ObjectGone) {',
      'if (error instanceof EvalError) {',
      'the event of an object that is gone is tried for ever',
    ],
  ]),
  ...mutantsOf('handlers/dispatch-ingress/classify.ts', [
    ['rule.settleSeconds * 1_000', 'rule.settleSeconds', 'the settle time is a thousandth'],
    ['...(rule.settleSeconds > 0 &&', '...(rule.settleSeconds > 1e9 &&', 'the settle time is ignored'],
    [
      "(object.versionId === undefined ? 'latest' : 'each')",
      "'latest'",
      'versions of a bucket with versioning are skipped',
    ],
    ['sequenceOf(rule.type, partOf(parts, rule.sequencePart, rule))', 'rule.type', 'two customers share a sequence'],
    [
      'maxRuntimeMs: rule.maxRuntimeSeconds * 1_000',
      'maxRuntimeMs: rule.hangTimeoutSeconds * 1_000',
      'maxRuntime is the hang timeout',
    ],
    ['return arrivalOf(record, rule, parts);', 'void arrivalOf(record, rule, parts);', 'no rule matches'],
    ['...(rule.slots > 0 && { sequence }),', 'sequence,', 'a parallel type is a sequence'],
  ]),
  ...mutantsOf('handlers/dispatch-ingress/object-event.ts', [
    [
      "detail['deletion-type'] === 'Delete Marker Created'",
      "detail['deletion-type'] === 'none'",
      'a delete marker deletes the object',
    ],
    [
      '{ sequencer: normalizeSequencer(sequencer) }',
      '{ sequencer }',
      'sequencers of different lengths are compared as text',
    ],
  ]),
  ...mutantsOf('handlers/dispatch-operator/index.ts', [
    [
      "return change(request.file, { type: 'redrive' });",
      "return change(request.file, { type: 'retry' });",
      'a redrive changes nothing',
    ],
    ["type: 'discard', reason: request.reason", "type: 'discard', reason: ''", 'the reason of a skip is lost'],
    ["if (outcome === 'refused') {\n    throw", "if (outcome === 'kept') {\n    throw", 'a refused pause is a success'],
    ['await driveResumed(scope, deadline);', '', 'resumed files wait for the sweep'],
    ["log('ERROR', 'operator', { ...audit, error: String(error) });", '', 'a failed request is not in the audit log'],
    ['if (before === undefined) {', "if (before?.status === 'queued') {", 'an unknown file gets no error'],
  ]),
  ...mutantsOf('handlers/dispatch-operator/files.ts', [
    [
      'if (file?.type !== type || file.status !== status) {',
      'if (file?.type !== type) {',
      'files of another status are listed',
    ],
    ['return { files, more: true,', 'return { files, more: false,', 'a cut list looks complete'],
    ['id > after.id', "id > ''", 'a page of running files begins again'],
    ['name === after?.sequence ? after : undefined', 'undefined', 'a page of queued files begins again'],
  ]),
  ...mutantsOf('handlers/dispatch-operator/reconcile.ts', [
    ['if (!request.dryRun) {', 'if (request.dryRun) {', 'a dry run sends events'],
    [
      'modified.getTime() < Date.parse(request.since)',
      'modified.getTime() > Date.parse(request.since)',
      'old objects are registered, new ones are not',
    ],
    ['latest.object.etag === object.etag', 'latest.object.key === object.key', 'an overwritten object is not found'],
    ['if (failed.length > 0) {', 'if (failed.length > 1) {', 'an event that SQS refused is lost'],
    [
      'after = more === true && key !== undefined',
      'after = more === undefined && key !== undefined',
      'only the first page is compared',
    ],
  ]),
  ...mutantsOf('handlers/shared/ecs-task-host.ts', [
    [
      'if (error instanceof ConflictException) {',
      'if (error instanceof EvalError) {',
      'a task of the same token is not found',
    ],
    ["if (lastStatus !== 'STOPPED') {", "if (lastStatus === 'PENDING') {", 'a running task counts as stopped'],
    ["if (reason === 'MISSING') {", "if (reason === 'NONE') {", 'a task that ECS has forgotten is never over'],
    [
      'gate?.exitCode === 0 && worker?.exitCode === 0',
      'worker?.exitCode === 0',
      'a container that ran without its turn completes the file',
    ],
    [
      "new Set(['SpotInterruption', 'TerminationNotice'])",
      "new Set(['TerminationNotice'])",
      'Spot interruptions use up attempts',
    ],
    [
      'clientToken: tokenOf(startedBy),',
      'clientToken: tokenOf(startedBy + String(Date.now())),',
      'two launches start two tasks',
    ],
    ['file.interruptions > 0 ? ON_DEMAND', 'file.interruptions > 99 ? ON_DEMAND', 'an interrupted file stays on Spot'],
    [
      'JSON.stringify(request.overrides).length > MAX_OVERRIDES_CHARACTERS',
      'request.count === 0',
      'overrides that are too long fail for ever',
    ],
  ]),
  ...mutantsOf('handlers/shared/state-machine-host.ts', [
    [
      "return { kind: 'launched', ended: true, worker };",
      "return { kind: 'launched', ended: false, worker };",
      'an execution that ended is taken for a running one',
    ],
    [
      "ended: status !== 'RUNNING', worker };",
      'ended: false, worker };',
      'the execution of a lost reply is never over',
    ],
    [
      'return error instanceof ExecutionDoesNotExist\n        ? failure',
      'return true\n        ? failure',
      'a denied look-up starts a second execution',
    ],
    [
      "status !== 'FAILED' && status !== 'TIMED_OUT' && status !== 'ABORTED'",
      "status !== 'FAILED' && status !== 'TIMED_OUT'",
      'an aborted execution works for ever',
    ],
  ]),
  ...mutantsOf('handlers/shared/queue-host.ts', [
    ['MessageDeduplicationId: `${id}-${epoch}`', 'MessageDeduplicationId: id', 'a retry is dropped as a duplicate'],
    ['fence: fence ?? epoch }', 'fence: epoch }', 'the fencing token is the epoch'],
  ]),
  ...mutantsOf('handlers/shared/dispatch-parts.ts', [
    ['if (delaySeconds > SqsLimits.maxDelaySeconds) {', 'if (delaySeconds > 1e9) {', 'a long delay fails the decision'],
    [
      'Math.ceil(Math.max(0, delayMs) / 1_000)',
      'Math.floor(Math.max(0, delayMs) / 1_000)',
      'a timer is early by up to a second',
      'an early timer finds that it is early, and is set again',
    ],
  ]),
];
