import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { ClientConfig, TaskRecord } from '../types';

/** Fields of our records that an ECS event does not have. */
const NOT_IN_EVENTS = ['tags'] as const;

/** The `detail` of an `ECS Task State Change`: what DescribeTasks shows, without what is not known yet. */
export function stateChangeDetail(task: TaskRecord): Record<string, unknown> {
  const detail = Object.fromEntries(Object.entries(task).filter(([, value]) => value !== '' && value !== null && value !== undefined));
  NOT_IN_EVENTS.forEach((name) => { Reflect.deleteProperty(detail, name); });
  if (task.launchType === 'FARGATE') {
    delete detail['containerInstanceArn'];
  }
  detail['updatedAt'] = new Date().toISOString();
  detail['containers'] = task.containers.map((container) => Object.fromEntries(Object.entries(container).filter(([, value]) => value !== '' && value !== null)));
  return detail;
}

/**
 * Puts each state change on the default event bus, in order; can lose or repeat those of stopped tasks.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
export class StateChangePublisher {
  readonly #config: () => ClientConfig;
  #client: EventBridgeClient | undefined;
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
    this.#client?.destroy();
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
    this.#client ??= new EventBridgeClient({ ...this.#config(), ...(region !== undefined && { region }) });
    const entry = { Source: 'aws.ecs', DetailType: 'ECS Task State Change', Resources: [task.taskArn], Detail: JSON.stringify(stateChangeDetail(task)) };
    // The emulator ends before its last events when the cloud stops; there is nobody left to tell then.
    await this.#client.send(new PutEventsCommand({ Entries: [entry] })).catch(() => undefined);
  }
}
