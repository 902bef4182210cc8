import type { ServiceEvent } from '../emulator/emulator';
import type { TaskRecord } from '../types';

/**
 * The `detail` of an `ECS Task State Change`: the fields of DescribeTasks that have a value, without health.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
export function stateChangeDetail(task: TaskRecord): Record<string, unknown> {
  const detail = sent(task);
  delete detail['tags'];
  if (task.launchType === 'FARGATE') {
    delete detail['containerInstanceArn'];
  }
  detail['updatedAt'] = new Date().toISOString();
  detail['containers'] = task.containers.map(sent);
  return detail;
}

function sent(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).filter(
      ([name, value]) => name !== 'healthStatus' && value !== '' && value !== null && value !== undefined,
    ),
  );
}

/**
 * Puts each state change on the default event bus, in order; can drop or repeat those of stopped tasks.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
export class StateChangePublisher {
  readonly #put: (event: ServiceEvent) => void;
  #drop = 0;
  #repeat = 0;

  constructor(put: (event: ServiceEvent) => void) {
    this.#put = put;
  }

  dropNextStopped(count: number): void {
    this.#drop = count;
  }

  repeatNextStopped(count: number): void {
    this.#repeat = count;
  }

  publish(task: TaskRecord): void {
    const [, , , region, account] = task.taskArn.split(':');
    for (let copies = this.#copies(task); copies > 0; copies--) {
      this.#put({
        account,
        region,
        source: 'aws.ecs',
        detailType: 'ECS Task State Change',
        resources: [task.taskArn],
        detail: stateChangeDetail(task),
      });
    }
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
}
