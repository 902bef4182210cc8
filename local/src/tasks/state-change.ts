import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { ClientConfig, TaskRecord } from '../types';

/** The `detail` of an `ECS Task State Change`: what DescribeTasks shows, without what is not known yet. */
export function stateChangeDetail(task: TaskRecord): Record<string, unknown> {
  const detail = withoutUnknown(task);
  delete detail['tags'];
  if (task.launchType === 'FARGATE') {
    delete detail['containerInstanceArn'];
  }
  detail['updatedAt'] = new Date().toISOString();
  detail['containers'] = task.containers.map(withoutUnknown);
  return detail;
}

function withoutUnknown(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== '' && value !== null && value !== undefined));
}

/**
 * Puts each state change on the default event bus, in order; can lose or repeat those of stopped tasks.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
export class StateChangePublisher {
  readonly #config: () => ClientConfig;
  readonly #clients = new Map<string, EventBridgeClient>();
  #drop = 0;
  #repeat = 0;
  #last: Promise<unknown> = Promise.resolve();

  public constructor(config: () => ClientConfig) {
    this.#config = config;
  }

  public dropNextStopped(count: number): void {
    this.#drop = count;
  }

  public repeatNextStopped(count: number): void {
    this.#repeat = count;
  }

  public publish(task: TaskRecord): void {
    for (let copies = this.#copies(task); copies > 0; copies--) {
      this.#last = this.#last.then(() => this.#put(task));
    }
  }

  /** Resolves when everything published so far is on the bus. */
  public async settled(): Promise<void> {
    await this.#last;
  }

  public stop(): void {
    this.#clients.forEach((client) => client.destroy());
  }

  #copies(task: TaskRecord): number {
    if (task.lastStatus !== 'STOPPED') {
      return 1;
    }
    if (this.#drop > 0) {
      this.#drop--;
      return 0;
    }
    if (this.#repeat > 0) {
      this.#repeat--;
      return 2;
    }
    return 1;
  }

  async #put(task: TaskRecord): Promise<void> {
    const region = task.taskArn.split(':')[3];
    const client = this.#clients.get(region) ?? new EventBridgeClient({ ...this.#config(), region });
    this.#clients.set(region, client);
    const entry = { Source: 'aws.ecs', DetailType: 'ECS Task State Change', Resources: [task.taskArn], Detail: JSON.stringify(stateChangeDetail(task)) };
    // The emulator ends before its last events when the cloud stops; there is nobody left to tell then.
    await client.send(new PutEventsCommand({ Entries: [entry] })).catch(() => undefined);
  }
}
