import { Portions } from '../../../src/runtime/support/portions.js';

/** What happens, in its order: each turn of the event loop, and what is let through. */
function watch(): { readonly told: string[]; stop(): void } {
  const told: string[] = [];
  let watching = true;
  const tell = (): void => {
    told.push('turn');
    if (watching) {
      setImmediate(tell);
    }
  };
  setImmediate(tell);
  return { told, stop: () => (watching = false) };
}

it('lets no more than a portion pass in a turn of the event loop, in the order of asking', async () => {
  const portions = new Portions(100);
  const loop = watch();
  await Promise.all(
    [60, 60, 100, 100, 10].map((bytes, index) => portions.take(bytes).then(() => loop.told.push(`${index}`))),
  );
  loop.stop();
  const turnOf = (name: string) => loop.told.slice(0, loop.told.indexOf(name)).filter((what) => what === 'turn').length;
  expect(loop.told.filter((what) => what !== 'turn')).toEqual(['0', '1', '2', '3', '4']);
  expect(turnOf('0')).toBe(0);
  // Each of these filled a portion, and waits behind the turns of those before it
  expect([turnOf('2') - turnOf('1'), turnOf('3') - turnOf('2')]).toEqual([1, 1]);
});

it('lets pass at once what is less than a portion', async () => {
  const portions = new Portions(100);
  const loop = watch();
  await Promise.all(Array.from({ length: 9 }, () => portions.take(10)));
  loop.stop();
  expect(loop.told).toEqual([]);
});
