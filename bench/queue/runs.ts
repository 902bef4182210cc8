/** What runs, for how long, and what is measured; no code that works. */

export type Peer = 'fileworks' | 'sqs-consumer' | 'sqs-consumer batch' | 'squiss-ts';

export interface Handler {
  readonly fastMs: number;
  readonly slowMs: number;
  /** One job in this many is slow; 0 for none. */
  readonly slowEvery: number;
}

export interface Run {
  readonly peer: Peer;
  readonly endpoint: string;
  readonly queueUrl: string;
  readonly concurrency: number;
  readonly handler: Handler;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Measure this many messages instead of a time. */
  readonly messages?: number;
}

export interface Measured {
  readonly slotUse: number;
  readonly perSecond: number;
  readonly callsPerMessage: number;
  readonly cpuMsPerMessage: number;
  readonly heapGrowthBytesPerMessage: number;
}

export interface Case {
  readonly name: string;
  readonly concurrency: number;
  /** Every time of the case is multiplied by this, so that a noisy machine does not decide. */
  readonly dilation: number;
  readonly latencyMs: number;
  readonly handler: Handler;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly messages?: number;
  /** Messages a second; endless work without it. */
  readonly rate?: number;
  readonly peers: readonly Peer[];
  /** Whether the consumers run at the same time; not when they compete for the processor. */
  readonly together: boolean;
  readonly goals: readonly Goal[];
}

export interface Goal {
  readonly metric: keyof Measured;
  readonly value: number;
  readonly better: 'higher' | 'lower';
  /** The best that can be had, where there is such a thing. */
  readonly limit: number | null;
}

const all: readonly Peer[] = ['fileworks', 'sqs-consumer', 'sqs-consumer batch', 'squiss-ts'];
const LATENCY_MS = 15;

function slotUse(value: number): Goal {
  return { metric: 'slotUse', value, better: 'higher', limit: 1 };
}

/** Two calls, a receive and a delete, carry ten messages each at best. */
function callsPerMessage(value: number): Goal {
  return { metric: 'callsPerMessage', value, better: 'lower', limit: 0.2 };
}

const steady = [10, 50, 100].map((concurrency): Case => ({
  name: `50 ms c=${concurrency}`,
  concurrency,
  dilation: 10,
  latencyMs: LATENCY_MS,
  handler: { fastMs: 50, slowMs: 0, slowEvery: 0 },
  warmUpMs: 6_000,
  measureMs: 10_000,
  peers: all,
  together: true,
  goals: [slotUse(0.97), ...(concurrency >= 50 ? [callsPerMessage(0.22)] : [])],
}));

const mixed = [10, 50, 100].map((concurrency): Case => ({
  name: `mixed c=${concurrency}`,
  concurrency,
  dilation: 4,
  latencyMs: LATENCY_MS,
  handler: { fastMs: 10, slowMs: 2_000, slowEvery: 20 },
  warmUpMs: 10_000,
  measureMs: 16_000,
  peers: all,
  together: true,
  goals: [slotUse(0.95), ...(concurrency >= 50 ? [callsPerMessage(0.22)] : [])],
}));

const trickle: Case = {
  name: 'trickle 5/s',
  concurrency: 10,
  dilation: 1,
  latencyMs: LATENCY_MS,
  handler: { fastMs: 50, slowMs: 0, slowEvery: 0 },
  warmUpMs: 5_000,
  measureMs: 20_000,
  rate: 5,
  peers: all,
  together: true,
  goals: [{ ...callsPerMessage(1.2), limit: null }],
};

const empty: Case = {
  name: 'empty handlers c=50',
  concurrency: 50,
  dilation: 1,
  latencyMs: 5,
  handler: { fastMs: 0, slowMs: 0, slowEvery: 0 },
  warmUpMs: 3_000,
  measureMs: 6_000,
  peers: all,
  together: false,
  goals: [{ metric: 'cpuMsPerMessage', value: 0.25, better: 'lower', limit: null }],
};

const memory: Case = {
  ...empty,
  name: '100,000 messages c=50',
  measureMs: 0,
  messages: 100_000,
  // The first 20,000 tombstones belong to the working set.
  warmUpMs: 15_000,
  peers: ['fileworks'],
  goals: [{ metric: 'heapGrowthBytesPerMessage', value: 20, better: 'lower', limit: 0 }],
};

export const cases: readonly Case[] = [...steady, ...mixed, trickle, empty, memory];
