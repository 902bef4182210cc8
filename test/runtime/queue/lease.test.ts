import { Lease, LeaseKeeper } from '../../../src/runtime/queue/lease.js';
import { type PollerListener } from '../../../src/runtime/queue/poller-events.js';
import { type QueueCalls } from '../../../src/runtime/queue/transport.js';
import { ManualClock } from '../../../src/runtime/testing/index.js';

function createLease(ends: string[] = []): Lease {
  return new Lease(
    { messageId: 'm', receiptHandle: 'old', body: '', receiveCount: 1, attributes: {} },
    'jobs',
    { requestedAt: 0, hiddenFrom: 0, visibilityMs: 30_000, maxLeaseMs: 43_000_000 },
    { leaseEnds: (_, { reason }) => ends.push(reason) },
  );
}

describe('a lease', () => {
  const transitions = {
    endSoon: (lease: Lease) => lease.endSoon(),
    settle: (lease: Lease) => lease.settle(),
    lose: (lease: Lease) => lease.lose('gone'),
  };

  it.each<[readonly (keyof typeof transitions)[], string, readonly string[]]>([
    [[], 'held', []],
    [['endSoon'], 'ending', ['limit']],
    [['endSoon', 'endSoon'], 'ending', ['limit']],
    [['settle'], 'settled', []],
    [['lose'], 'lost', ['gone']],
    [['endSoon', 'settle'], 'settled', ['limit']],
    [['endSoon', 'lose'], 'lost', ['limit', 'gone']],
    [['lose', 'settle', 'endSoon'], 'lost', ['gone']],
    [['settle', 'lose', 'endSoon'], 'settled', []],
  ])('is after %j %s, and its holder was notified of %j', (steps, state, ends) => {
    const notified: string[] = [];
    const lease = createLease(notified);
    steps.forEach((step) => transitions[step](lease));
    expect(lease.state).toBe(state);
    expect(notified).toEqual(ends);
  });
});

it('does not take the refusal of an old receipt handle for the loss of a message that has a newer one', async () => {
  const clock = new ManualClock();
  const lost: string[] = [];
  const listener: Pick<PollerListener, 'leaseExtended' | 'leaseLost'> = {
    leaseExtended: () => undefined,
    leaseLost: (_, messageId) => lost.push(messageId),
  };
  const keeper = new LeaseKeeper(clock, 30, listener as PollerListener);
  const lease = createLease();
  const handles: string[] = [];
  keeper.keep(lease, {
    changeVisibility: async ([entry]: readonly { readonly receiptHandle: string }[]) => {
      handles.push(entry.receiptHandle);
      await new Promise<void>((resolve) => clock.after(100, resolve));
      return entry.receiptHandle === 'old' ? [{ index: 0, code: 'ReceiptHandleIsInvalid', message: '' }] : [];
    },
  } as unknown as QueueCalls);
  await clock.advance(10_050);
  lease.redelivered('new', 40_050);
  await clock.advance(40_000);
  expect(lost).toEqual([]);
  expect(handles.slice(0, 2)).toEqual(['old', 'new']);
  keeper.drop(lease);
});
