import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { BatchGetBuildsCommand, type Build, type CodeBuildClient } from '@aws-sdk/client-codebuild';
import type { LocalCloud } from 'fileworks-local';
import { until } from './deployment';

export interface EndedBuild {
  readonly succeeded: boolean;
  /** What its commands wrote. */
  readonly output: string;
}

/** Waits for the end of a build, and reads its log. */
export async function endOf(cloud: LocalCloud, codeBuild: CodeBuildClient, id: string): Promise<EndedBuild> {
  const build = await until(`the end of ${id}`, 120, async () => {
    const { builds: [found] = [] } = await codeBuild.send(new BatchGetBuildsCommand({ ids: [id] }));
    return found.buildComplete === true ? found : undefined;
  });
  return { succeeded: build.buildStatus === 'SUCCEEDED', output: await outputOf(cloud, build) };
}

async function outputOf(cloud: LocalCloud, { logs: { groupName, streamName } = {} }: Build): Promise<string> {
  const client = new CloudWatchLogsClient(cloud.clientConfig());
  const lines: string[] = [];
  for await (const { events = [] } of paginateFilterLogEvents(
    { client },
    { logGroupName: groupName, logStreamNames: [streamName!] },
  )) {
    lines.push(...events.map(({ message }) => message!));
  }
  client.destroy();
  return lines.filter((line) => !/^(?:Running command|Phase (?:complete|context))/.test(line)).join('\n');
}
