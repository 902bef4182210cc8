import { LoaderBench, numbers, orders } from './support';

jest.setTimeout(120_000);

test('leaves nothing of a file for which the disk has no room, and loads what fits afterwards', async () => {
  const bench = await LoaderBench.start(4);
  const connection = bench.connection();
  try {
    await bench.empty();
    const loader = bench.loader(connection, { routes: [{ ...orders, suffix: '.jsonl', format: 'json-lines' }] });
    const large = await bench.put(
      'large.jsonl',
      numbers(1, 20_000)
        .map((id) => bench.order(id, { text: 'x'.repeat(300) }))
        .join('\n'),
    );
    const outcomes = await loader.loadAll([large]);
    expect(outcomes.get(large.id)).toMatchObject({
      result: 'failed',
      error: expect.objectContaining({ message: expect.stringContaining('could not extend file') }),
    });
    expect([await bench.ids(), await bench.ledger()]).toEqual([[], []]);
    await bench.eye.query('VACUUM orders');
    const small = await bench.put('small.jsonl', bench.order(1));
    expect((await loader.loadAll([small])).get(small.id)).toEqual({ result: 'loaded', rows: 1 });
  } finally {
    await connection.close();
    await bench.stop();
  }
});
