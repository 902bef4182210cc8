import { mutantsOf } from './mutant.ts';

/** The dispatcher, the supervisor and the turn of a worker. */
export const turnMutants = [
  ...mutantsOf('runtime/dispatch/task-supervisor.ts', [
    [
      'if (isPaused(await this.#store.pauses(), file)) {',
      'if (isPaused(undefined, file)) {',
      'a paused file is launched',
    ],
    [
      'const isTokenOld = age > MAX_TOKEN_AGE_MS;',
      'const isTokenOld = false && age > MAX_TOKEN_AGE_MS;',
      'a launch is repeated with a token that ECS has forgotten',
    ],
    [
      'if (tasks !== undefined && tasks.length > 0) {',
      'if (tasks !== undefined && tasks.length > 1) {',
      'a task that exists is launched again',
    ],
    [
      "type: state.interrupted ? 'interrupt' : 'stopped',",
      "type: 'stopped',",
      'a Spot interruption uses up an attempt',
    ],
    [
      "await this.#dispatcher.apply(id, { type: 'begin', epoch, worker });\n        return",
      'return',
      'an execution that ended before its start was recorded is not completed',
    ],
    ['due[index] <= now)', 'due[index] < 0)', 'a task that does not begin is never stopped'],
    ["if (outcome === 'refused') {", "if (outcome === 'changed') {", 'an execution that has no turn runs on'],
    [
      'if (dueAt === undefined || dueAt > this.#now()) {',
      'if (dueAt === undefined) {',
      'a task is stopped before its time',
    ],
    ['this.#now() < beganAt + policy.maxRuntimeMs) {', 'this.#now() > 0) {', 'maxRuntime of an execution is ignored'],
    ['this.#onRefused(file, result.reason);', '', 'refused launches are not counted'],
    ['Math.max(LAUNCH_CHECK_MS, age)', 'LAUNCH_CHECK_MS', 'a message is sent again in equal intervals'],
    [
      "if (state.kind === 'stopped' || state.kind === 'done') {",
      "if (state.kind === 'stopped') {",
      'an end that no event reported is not seen',
    ],
    ['await each(id, () => this.tick(id));', 'await this.tick(id);', 'one failure ends the sweep'],
    ['if (driven % RECORDED === 0) {', 'if (driven < 0) {', 'a sweep whose process is killed begins anew'],
    ['await record(last);\n        return;', 'return;', 'a sweep that ran out of time begins anew'],
  ]),
  ...mutantsOf('runtime/dispatch/dispatcher.ts', [
    ["if (outcome !== 'paused') {", "if (outcome === 'kept') {", 'the next file does not follow'],
    ['await this.#wake(arrival.id, 0);', '', 'a parallel file is not launched'],
    [
      "if (file.status === 'waiting') {\n      await",
      "if (file.status === 'running') {\n      await",
      'a waiting file has no timer',
    ],
    [
      "} else if (file.status === 'blocked' || isTerminal(file.status)) {",
      '} else if (isTerminal(file.status)) {',
      'a blocked file keeps its place under a limit until the sweep',
    ],
    ['lost ? await this.#store.file(arrival.id) : undefined;', 'undefined;', 'a duplicate event fails'],
    [
      "arrival.overwrite === 'latest' ? await this.#store.key(bucket, objectKey) : undefined",
      'undefined',
      'overwrites are not tracked',
    ],
    [
      "arrival.late === 'run-next' || arrival.sequence",
      "arrival.late !== 'park' || arrival.sequence",
      'a late file is not appended',
    ],
  ]),
  ...mutantsOf('runtime/dispatch/claims.ts', [
    [
      "if (outcome === 'paused') {\n        return taken;",
      "if (outcome === 'kept') {\n        return taken;",
      'a claim of a paused file is tried until it fails',
    ],
    [
      'if (held.size >= slots) {',
      'if (held.size > slots) {',
      'one read too many',
      'the next check finds no free slot either',
    ],
    ['if (places === undefined) {', 'if (places === undefined && queued.slots < 0) {', 'a limit is ignored'],
    ['...files.map((id) => this.#store.file(id)),', '', 'an ended file keeps its place until another write frees it'],
    [
      'read.get(limit.name) ?? more.get(limit.name) ?? []',
      'read.get(limit.name) ?? []',
      'a limit of a type that the name of the sequence does not have is ignored',
    ],
  ]),
  ...mutantsOf('runtime/dispatch/limit-turns.ts', [
    [
      'const full = limits.findLast((limit) => isFull(limit, heads.get(limit.name)));',
      'const full = limits.at(-1);',
      'every end searches for sequences that wait',
    ],
    [
      'const full = limits.findLast((limit) => isFull(limit, heads.get(limit.name)));',
      'const full = undefined as Limit | undefined;',
      'sequences that wait for a limit are not served',
    ],
    [
      'await Promise.all(left.map((head) => freeIfOver(this.#store, head)));',
      '',
      'a place is not freed without a claim',
    ],
    [
      'return known ? (next ?? ended) : undefined;',
      'return known ? next : undefined;',
      'a lone sequence is searched for',
    ],
    [
      'return known ? (next ?? ended) : undefined;',
      'return next ?? ended;',
      'a new process prefers the sequence that ended',
    ],
    [
      'if (reachedTypes.has(type) || !limits.some(({ name }) => name === limit.name)) {',
      'if (reachedTypes.has(type)) {',
      'sequences of a type without the limit are driven',
    ],
    [
      'reached.some(({ name }) => name !== ALL && name !== limit.name)',
      'reached.length < 0',
      'a type that has reached its own limit stops the search',
    ],
    [
      'this.#next.set(limit.name, sequence);\n        return;\n      }\n    }',
      'return;\n      }\n    }',
      'the next sequence is searched for at each end',
    ],
    ['await this.#claims.drive(ended);', '', 'a place is lost behind many sequences that cannot use it'],
  ]),
  ...mutantsOf('runtime/dispatch/limits.ts', [
    [
      'if (held.length >= files || free.length === 0) {',
      'if (free.length === 0) {',
      'a lowered limit is ignored while old places are held',
    ],
    [
      '!keepsPlace((await store.file(holder))?.status)',
      "(await store.file(holder))?.status !== 'running'",
      'a file that starts loses its place',
    ],
    ['Object.hasOwn(types, type) ? types[type] : undefined', 'types[type]', 'a type named constructor has a limit'],
  ]),
  ...mutantsOf('runtime/dispatch/rows.ts', [
    [
      '[EVERYTHING, file.type, file.sequence].some(',
      '[file.type, file.sequence].some(',
      'a pause of everything is ignored',
    ],
    [
      '[EVERYTHING, file.type, file.sequence].some(',
      '[EVERYTHING, file.type].some(',
      'a pause of a sequence is ignored',
    ],
    [
      "status === 'starting' || status === 'running' || status === 'waiting';\nexport const isTerminal",
      "status === 'starting' || status === 'running';\nexport const isTerminal",
      'a waiting file loses its place',
    ],
  ]),
  ...mutantsOf('runtime/dispatch/order.ts', [
    ["? digits.padStart(NUMBER_DIGITS, '0')", '? digits', '10 comes before 9'],
    ['`${order}*${', '`${order}~${', 'a tie-break sorts after a longer part'],
    ['`.${normalizeSequencer(sequencer)}`', "''", 'versions of a key within a second have one order'],
  ]),
  ...mutantsOf('runtime/dispatch/identity.ts', [
    ['`seq:${normalizeSequencer(object.sequencer)}`', "'seq'", 'two events of a key are one file'],
    [
      'one !== undefined && other !== undefined && one < other',
      'one !== undefined && other !== undefined && one <= other',
      'the same event is older than itself',
    ],
  ]),
  ...mutantsOf('runtime/dispatch/file-task.ts', [
    [
      "if (committed || (writes.length === 0 && outcome === 'kept')) {",
      "if (committed || outcome === 'kept') {",
      'a heartbeat that lost a race counts',
    ],
    [
      "if (outcome === 'refused' && file.rev === this.#file.rev) {",
      "if (outcome === 'refused') {",
      'a refusal on an old row ends the turn',
    ],
    ['return this.#file.fence ?? this.#file.epoch;', 'return this.#file.epoch;', 'the fencing token is the epoch'],
    ['this.#file = file;\n    }', '}', 'a lost race is decided on the old row again'],
  ]),
  ...mutantsOf('runtime/dispatch/take-turn.ts', [
    [
      'reason instanceof HandlerTimeout || reason instanceof LeaseLost;',
      'reason instanceof LeaseLost;',
      'a handler that timed out counts as interrupted',
    ],
    ['{ final: true }', '{}', 'a poison message is retried'],
    ['{ retryAfterMs: error.seconds * 1_000 }', '{}', 'the delay of a handler is ignored'],
    [
      'if (lost.signal.aborted) {\n      throw lost.signal.reason;\n    }',
      '',
      'a worker that lost its turn records an outcome',
    ],
    [
      'if (error instanceof TurnLost) {\n        lost.abort(error);',
      'if (error instanceof TurnLost) {\n        logger.warn({}, "lost");',
      'a handler that lost its turn runs on',
    ],
    [
      '(skipped === undefined ? task.complete(result) : task.skip(skipped))',
      'task.complete(result)',
      'a file that the handler skips is completed',
    ],
    ['await onTurnEnded?.(fileId)', 'await Promise.resolve()', 'the next file waits for the sweep'],
  ]),
];
