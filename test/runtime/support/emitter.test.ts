import { Emitter } from '../../../src/runtime/support/emitter.js';

it('reports a listener that throws or rejects, and calls the others', async () => {
  const errors: [unknown, string][] = [];
  const heard: number[] = [];
  const emitter = new Emitter<{ tick: number }>((error, event) => errors.push([error, event]));
  emitter.on('tick', () => {
    throw new Error('thrown');
  });
  emitter.on('tick', () => Promise.reject(new Error('rejected')));
  emitter.on('tick', (n) => heard.push(n));
  emitter.emit('tick', 7);
  await new Promise(setImmediate);
  expect(heard).toEqual([7]);
  expect(errors).toEqual([
    [new Error('thrown'), 'tick'],
    [new Error('rejected'), 'tick'],
  ]);
});
