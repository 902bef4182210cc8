import { type Arrival, type FilePolicy } from '../../src/runtime/dist/esm/runtime/dispatch/index.js';

export interface Row {
  readonly case: string;
  readonly metric: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  readonly goal: number;
  readonly ok: boolean;
}

export const round = (value: number) => Math.round(value * 100) / 100;
export const atMost = (name: string, metric: string, ours: number, goal: number, peers: Row['peers'] = {}): Row => ({
  case: name,
  metric,
  ours: round(ours),
  peers,
  goal,
  ok: ours <= goal,
});
export const atLeast = (name: string, metric: string, ours: number, goal: number, peers: Row['peers'] = {}): Row => ({
  case: name,
  metric,
  ours: round(ours),
  peers,
  goal,
  ok: ours >= goal,
});

const policy: FilePolicy = {
  maxAttempts: 3,
  exhausted: 'block',
  backoffMs: 30_000,
  maxBackoffMs: 900_000,
  hangTimeoutMs: 900_000,
  maxRuntimeMs: 86_400_000,
};

/** A file as from an S3 event of a busy bucket; its row is smaller than one kilobyte. */
export function arrivalOf(id: string, sequence: string, more: Partial<Arrival> = {}): Arrival {
  return {
    id: id.padStart(52, 'x'),
    type: 'invoices',
    sequence,
    slots: 1,
    order: `2026-11-21T08:00:00.000Z.${id.padStart(32, '0')}`,
    policy,
    late: 'run-next',
    overwrite: 'each',
    object: {
      bucket: 'customer-inbox',
      key: `invoices/customer-0042/2026/11/21/${id.padStart(12, '0')}.csv`,
      size: 1_048_576,
      etag: 'd41d8cd98f00b204e9800998ecf8427e',
      sequencer: id.padStart(32, '0'),
    },
    correlationId: '2d4eba74-fd51-3966-4bfa-b013c9da8ff1',
    ...more,
  };
}
