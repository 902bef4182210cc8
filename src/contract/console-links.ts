/** Pages of the AWS console. */
export const consoleOf = (region: string): string => `https://${region}.${consoleDomain(region)}`;

/** The page of a task. */
export const taskPage = (region: string, cluster: string, task: string): string =>
  `${consoleOf(region)}/ecs/v2/clusters/${encodeURIComponent(cluster)}/tasks/${task}?region=${region}`;

/** The page of a log stream. */
export const logPage = (region: string, group: string, stream: string): string =>
  `${consoleOf(region)}/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${twice(group)}/log-events/${twice(stream)}`;

/** The page of an execution of a state machine. */
export const executionPage = (region: string, arn: string): string =>
  `${consoleOf(region)}/states/home?region=${region}#/v2/executions/details/${encodeURIComponent(arn)}`;

/** The console encodes the part after the hash twice, with a dollar sign for the outer percent sign. */
const twice = (text: string) => encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$');

function consoleDomain(region: string): string {
  if (region.startsWith('cn-')) {
    return 'console.amazonaws.cn';
  }
  return region.startsWith('us-gov-') ? 'console.amazonaws-us-gov.com' : 'console.aws.amazon.com';
}
