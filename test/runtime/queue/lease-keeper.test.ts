import { Lease } from '../../../src/runtime/queue/lease.js';
import { LeaseKeeper } from '../../../src/runtime/queue/lease-keeper.js';
import { type QueueCalls } from '../../../src/runtime/queue/queue-calls.js';
import { ManualClock } from '../../../src/runtime/testing/index.js';

it('does not take the refusal of an old receipt handle for the loss of a message that has a newer one', async () => {
  const clock = new ManualClock();
  const lost: Lease[] = [];
  const keeper = new LeaseKeeper({
    clock,
    visibilitySeconds: 30,
    onExtended: () => undefined,
    onLost: (lease) => lost.push(lease),
    onCallFailed: () => undefined,
  });
  const message = { messageId: 'm', receiptHandle: 'old', body: '', receiveCount: 1, attributes: {} };
  const lease = new Lease(message, 'jobs', {
    requestedAt: 0,
    hiddenFrom: 0,
    visibilityMs: 30_000,
    maxLeaseMs: 43_000_000,
    hardLimitMs: 43_100_000,
  });
  const handles: string[] = [];
  keeper.keep(lease, {
    changeVisibility: async ([entry]: readonly { readonly receiptHandle: string }[]) => {
      handles.push(entry.receiptHandle);
      await new Promise<void>((resolve) => clock.after(100, resolve));
      return entry.receiptHandle === 'old' ? [{ index: 0, code: 'ReceiptHandleIsInvalid', message: '' }] : [];
    },
  } as unknown as QueueCalls);
  await clock.advance(10_050);
  lease.receiptHandle = 'new';
  lease.expiresAt = 40_050;
  await clock.advance(40_000);
  expect(lost).toEqual([]);
  expect(handles.slice(0, 2)).toEqual(['old', 'new']);
  keeper.end(lease);
});
