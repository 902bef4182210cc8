import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { clientConfig, makeAccessKeys } from '../../local/src/clients';
import type { DeployedStack } from '../../local/src/deploy/deployer';
import type { MetricReport } from '../../local/src/emulator/emulator';
import { Autoscaler } from '../../local/src/scaling/autoscaler';
import type { ScalingActivity } from '../../local/src/types';
import { readScaling } from '../../simulator/template/read-scaling';
import { readWorker } from '../../simulator/template/read-worker';
import type { Template } from '../../simulator/template/template';
import { addFileworks } from './fileworks-sources';
import { commons } from '../../simulator/compare/compare';
import { queueProcessingTuned, synthesize, type AddService } from '../../simulator/compare/stacks';
import { calm, dayOf, run } from './support';

// Half a minute of the simulator for each service, on a machine that is busy with other tests.
jest.setTimeout(60_000);

const ENVIRONMENT = { account: '000000000000', region: 'us-east-1' };

/** The calls of ECS that the local cloud's autoscaler makes: the desired count of one service. */
class Endpoint {
  desiredCount: number;
  readonly #server: Server;

  constructor(desiredCount: number) {
    this.desiredCount = desiredCount;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const input = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { desiredCount?: number };
        const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
        response.setHeader('content-type', 'application/x-amz-json-1.0');
        response.end(JSON.stringify(this.#answer(action, input)));
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(action: string, input: { desiredCount?: number }): unknown {
    if (action === 'UpdateService') {
      this.desiredCount = input.desiredCount ?? this.desiredCount;
    }
    const service = { desiredCount: this.desiredCount, status: 'ACTIVE' };
    return { services: [service], service };
  }
}

/** As the deployer leaves it, with logical ids as names. */
function deployed(template: Template): DeployedStack {
  const resources = Object.fromEntries(Object.keys(template.Resources).map((id) => [id, id]));
  return {
    name: 'Stack',
    environment: ENVIRONMENT,
    template,
    parameters: {},
    outputs: {},
    exports: {},
    resources,
  };
}

/** One value of a metric of a queue. */
function datum(queue: string, name: string, minute: number, value: number): MetricReport['data'][number] {
  return {
    ...ENVIRONMENT,
    namespace: 'AWS/SQS',
    name,
    dimensions: { QueueName: queue },
    minute,
    count: 1,
    sum: value,
    min: value,
    max: value,
  };
}

type Minute = Readonly<Record<string, number>>;

/** Messages in flight are reported always, or only while there are any, as AWS documents it. */
const withZeros = (minute: Minute) => minute;
const asDocumented = ({ ApproximateNumberOfMessagesNotVisible: inFlight, ...rest }: Minute): Minute =>
  inFlight === 0 ? rest : { ...rest, ApproximateNumberOfMessagesNotVisible: inFlight };

describe('the simulator against the autoscaler of the local cloud', () => {
  const burst = { distribution: 'lognormal', medianSeconds: 60, p95Seconds: 300 } as const;
  const workload = dayOf(
    [
      { count: 150, atHour: 0.5, overMinutes: 3, duration: burst },
      { count: 40, atHour: 1.5, overMinutes: 10, duration: burst },
    ],
    3,
  );

  test.each<[string, AddService, (minute: Minute) => Minute, number]>([
    ['our worker', addFileworks, withZeros, 0],
    ['our worker, with messages in flight reported only while there are any', addFileworks, asDocumented, 0],
    ['our worker, with metrics that are two minutes late', addFileworks, asDocumented, 2],
    ['the tuned peer', queueProcessingTuned, withZeros, 0],
  ])('takes the same scaling decisions in the same minutes: %s', async (_, add, reported, late) => {
    const template = synthesize('Compared', add, commons.bursts);
    const worker = readWorker(template);
    const scaling = readScaling(template, worker.service);
    // Compared are alarms and policies; a wake-up is a Lambda function beside them.
    const simulated = run({ ...worker, wake: 'off' }, scaling, workload);

    const endpoint = new Endpoint(scaling.target.minCapacity);
    const activities: { minute: number; from: number; to: number }[] = [];
    const queues = Object.keys(template.Resources).filter((id) => template.Resources[id].Type === 'AWS::SQS::Queue');
    let minute = 0;
    const minutes: Minute[] = [];
    const url = await endpoint.listen();
    const autoscaler = new Autoscaler({
      clientConfig: (environment) => clientConfig(url, makeAccessKeys(), environment),
      clock: { now: () => 0, untilNextMinute: () => Infinity },
      report: (at) =>
        Promise.resolve({
          data: queues.flatMap((queue) =>
            Object.entries(minutes.at(-1 - late) ?? {}).map(([name, value]) => datum(queue, name, at - late, value)),
          ),
          alarms: {},
        }),
      line: () => undefined,
      alarm: () => undefined,
      scaling: ({ from, to }: ScalingActivity) => activities.push({ minute, from, to }),
    });
    try {
      await autoscaler.follow([deployed(template)]);
      for (const { visible, inFlight } of simulated.minutes) {
        minutes.push(
          reported({
            ApproximateNumberOfMessagesVisible: visible,
            ApproximateNumberOfMessagesNotVisible: inFlight,
          }),
        );
        await autoscaler.minute();
        minute++;
      }
    } finally {
      await autoscaler.stop();
      await endpoint.close();
    }

    const decided = simulated.activities.map(({ at, from, to }) => ({
      minute: Math.round(at / 60_000 - 1 - calm.metricDelaySeconds / 60) + late,
      from,
      to,
    }));
    expect(decided.length).toBeGreaterThan(10);
    expect(activities.slice(0, decided.length)).toEqual(decided);
  });
});
