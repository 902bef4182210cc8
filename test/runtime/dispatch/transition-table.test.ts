import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileIn, arrival, policy } from './support/rows';
import { type DispatchEvent, type DispatchState, decide } from '../../../src/runtime/dispatch/index.js';
import { fileStatuses } from '../../../src/runtime/dispatch/rows.js';

/** `event: from -> to`, as the SPIN model has them in its lines MOVE(file, event, from, to). */
function tableOfModel(): Set<string> {
  const source = readFileSync(join(__dirname, '..', '..', '..', 'models', 'dispatch.pml'), 'utf8').replace(
    /\/\*[\s\S]*?\*\//g,
    '',
  );
  const moves = source.matchAll(/MOVE\((?:[^,()]|\[[^\]]*\])+, (\w+), ([A-Z]+), ([A-Z]+)\)/g);
  return new Set([...moves].map(([, event, from, to]) => `${event}: ${from.toLowerCase()} -> ${to.toLowerCase()}`));
}

const events: DispatchEvent[] = [
  { type: 'begin', epoch: 3, worker: 'task-1' },
  { type: 'heartbeat', epoch: 3, worker: 'task-1' },
  { type: 'complete', epoch: 3, worker: 'task-1' },
  { type: 'skip', epoch: 3, worker: 'task-1', reason: 'gone' },
  { type: 'fail', epoch: 3, worker: 'task-1', reason: 'broken' },
  { type: 'fail', epoch: 3, worker: 'task-1', reason: 'broken', final: true },
  { type: 'stopped', epoch: 3, worker: 'task-1', reason: 'killed' },
  { type: 'interrupt', epoch: 3, worker: 'task-1', reason: 'Spot' },
  { type: 'refuse', epoch: 3, reason: 'no capacity' },
  { type: 'misconfigured', epoch: 3, reason: 'no such image' },
  { type: 'postpone' },
  { type: 'retry' },
  { type: 'redrive' },
  { type: 'discard', reason: 'by hand' },
];

/** Events with which an attempt is over. */
const OVER: ReadonlySet<string> = new Set(['fail', 'stopped', 'interrupt', 'refuse', 'misconfigured']);

/** What decide() does, for every status, event, number of attempts and policy. */
function tableOfDecide(): Set<string> {
  const table = new Set<string>();
  const note = (event: string, state: DispatchState, asked: DispatchEvent) => {
    for (const write of decide(state, asked, 1_000_000).writes) {
      if (write.kind === 'insert') {
        table.add(`${event}: absent -> ${write.row.status}`);
      }
      if (write.kind === 'update' && write.change.status !== write.file.status) {
        table.add(`${write.file.id === 'older' ? 'supersede' : event}: ${write.file.status} -> ${write.change.status}`);
      }
    }
  };
  for (const status of fileStatuses) {
    const overdue = { file: fileIn(status, { interruptedSince: -1e12 }) };
    note('interrupt', overdue, { type: 'interrupt', epoch: 3, worker: 'task-1', reason: 'Spot' });
    // In the model, a worker that the dispatcher stopped reports nothing, or that it stopped
    const stopping = { file: fileIn(status, { stopReason: 'time is over', attempts: 2 }) };
    note('stopped', stopping, { type: 'interrupt', epoch: 3, worker: 'task-1', reason: 'SIGTERM' });
    // In the model, a canceled file has a task that stops, and one without a task is discarded
    note('discard', { file: fileIn(status) }, { type: 'cancel', reason: 'by hand' });
    const canceled = { file: fileIn(status, { cancelReason: 'by hand' }) };
    for (const event of events.filter(({ type }) => OVER.has(type))) {
      note('stopped', canceled, event);
    }
    for (const event of events) {
      for (const attempts of [1, policy.maxAttempts]) {
        for (const exhausted of ['park', 'block'] as const) {
          note(event.type, { file: fileIn(status, { attempts, policy: { ...policy, exhausted } }) }, event);
        }
      }
    }
    const older = fileIn(status, { id: 'older', object: { bucket: 'b', key: 'k', sequencer: '1' } });
    const object = { bucket: 'b', key: 'k', sequencer: '2' };
    note('claim', { queued: fileIn(status) }, { type: 'claim', slot: 0 });
    for (const late of ['run-next', 'park', 'append'] as const) {
      const head = { sequence: 'A', slot: 0, version: 4, last: '9', appended: 0 };
      note('arrive', { file: fileIn(status) }, { type: 'arrive', arrival: arrival('1', { late }) });
      note('arrive', { head }, { type: 'arrive', arrival: arrival('1', { late }) });
    }
    for (const known of [{}, { created: '3' }, { deleted: '3' }]) {
      const key = { bucket: 'b', key: 'k', version: 1, file: 'older', updatedAt: 0, ...known };
      note(
        'arrive',
        { key, latest: older },
        { type: 'arrive', arrival: arrival('1', { overwrite: 'latest', object }) },
      );
      note('remove', { key, latest: { ...older, id: 'one' } }, { type: 'remove', object, correlationId: 'event' });
    }
  }
  return table;
}

test('the model has every event of the protocol', () => {
  expect(tableOfModel().size).toBeGreaterThan(25);
});

test('decide makes exactly the transitions that the model has checked', () => {
  expect([...tableOfDecide()].sort()).toEqual([...tableOfModel()].sort());
});
