export { ManualClock } from './manual-clock.js';
export { InMemoryQueue, type InMemoryQueueOptions, type SendOptions, type StoredMessage } from './in-memory-queue.js';
export { InMemoryQueues } from './in-memory-queues.js';
export { objectCreatedEvent, type ObjectCreatedOptions } from './messages.js';
