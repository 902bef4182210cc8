import { listDispatchers } from '../dispatchers';
import { choose, type Pipeline } from '../pipeline';
import { describeQueues } from '../queues';
import { describeSchedules } from '../schedules';
import type { Clients } from '../support/clients';
import { deadLetters } from './dead-letters';
import { failedFiles } from './dispatched-files';
import { failedExecutions } from './failed-executions';
import { failedTasks } from './failed-tasks';
import type { RerunSource } from './source';

/** Sources of failed work in a stack: all, or those of a construct. */
export async function listSources(
  clients: Clients,
  pipeline: Pipeline,
  name: string | undefined,
): Promise<RerunSource[]> {
  const [{ deadLetterQueues }, executions, schedules, dispatchers] = await Promise.all([
    describeQueues(clients, pipeline),
    failedExecutions(clients, pipeline),
    describeSchedules(clients, pipeline),
    listDispatchers(clients, pipeline),
  ]);
  const all = [
    ...deadLetterQueues.map((queue) => deadLetters(clients, pipeline, queue)),
    ...executions,
    ...schedules
      .filter(({ target }) => target.EcsParameters !== undefined)
      .map((schedule) => failedTasks(clients, schedule)),
    ...dispatchers.flatMap((dispatcher) => [
      failedFiles(clients, dispatcher, 'blocked'),
      failedFiles(clients, dispatcher, 'parked'),
    ]),
  ];
  if (name === undefined) {
    return all;
  }
  const { name: chosen } = choose('source', all, name);
  return all.filter((source) => source.name === chosen);
}
