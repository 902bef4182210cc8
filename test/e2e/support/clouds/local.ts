import { readFileSync } from 'node:fs';
import type { LocalCloud } from 'fileworks-local';
import type { Cloud } from './cloud';

/** The local cloud as tests see it that run in an account too. */
export function onLocalCloud(local: LocalCloud): Cloud {
  return {
    local,
    clientConfig: () => local.clientConfig(),
    outputs: (stack) => local.outputs(stack),
    resources: (stack) => local.resources(stack),
    tasks: () => Promise.resolve(local.tasks()),
    log: ({ taskArn }) => {
      const { processes = [] } = local.tasks().find((task) => task.taskArn === taskArn) ?? {};
      return Promise.resolve(processes.map(({ log }) => readFileSync(log, 'utf8')).join('\n'));
    },
    alarms: () => Promise.resolve(local.alarms()),
    stop: () => local.stop(),
  };
}
