// An SQS in a process of its own, so that its work does not count as the workers'. Commands come as JSON lines on
// standard input.
import { createInterface } from 'node:readline';
import { StubSqs } from '../../test/runtime/support/stub-sqs.ts';

interface Command {
  readonly latencyMs?: number;
  readonly queue?: string;
  /** Messages kept visible. */
  readonly supply?: number;
  /** Messages a second. */
  readonly rate?: number;
}

const body = JSON.stringify({ fileworksJob: 1, type: 'bench', payload: { text: 'x'.repeat(200) } });
const stub = new StubSqs();
stub.recordCalls = false;
await stub.listen();
console.log(stub.endpoint);

for await (const line of createInterface({ input: process.stdin })) {
  const { latencyMs, queue, supply, rate } = JSON.parse(line) as Command;
  stub.latencyMs = latencyMs ?? stub.latencyMs;
  if (queue !== undefined) {
    stub.queue(queue).supplyBody = () => body;
    stub.queue(queue).supply = supply ?? 0;
    if (rate !== undefined) {
      setInterval(() => stub.queue(queue).send(body), 1_000 / rate).unref();
    }
  }
}
process.exit(0);
