import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import {
  BatchGetBuildsCommand,
  BatchGetProjectsCommand,
  type Build,
  CodeBuildClient,
  StartBuildCommand,
} from '@aws-sdk/client-codebuild';
import type { Cloud } from './clouds/cloud';
import { until } from './deployment';

export interface EndedBuild {
  readonly succeeded: boolean;
  /** What its commands wrote. */
  readonly output: string;
}

/** The buildspec of a project, as much of it as tests change. */
export interface BuildSpec {
  readonly version: string;
  readonly env: object;
  readonly phases: Readonly<Record<'install' | 'build', { readonly commands: string[] }>>;
}

/** What writes into the log of a build besides its commands. */
const OF_CODEBUILD = /^(?:\[Container\] \S+ \S+ )?(?:Running command|Phase (?:complete|context))/;
/** Phases that write into the log, also when they fail. */
const LOGGED: readonly (string | undefined)[] = ['DOWNLOAD_SOURCE', 'INSTALL', 'PRE_BUILD', 'BUILD', 'POST_BUILD'];

/** Builds of the projects of a cloud. */
export class Builds {
  readonly #cloud: Pick<Cloud, 'clientConfig'>;
  readonly #starter: CodeBuildClient;

  /** @param starter may start builds and describe them */
  constructor(cloud: Pick<Cloud, 'clientConfig'>, starter: CodeBuildClient) {
    this.#cloud = cloud;
    this.#starter = starter;
  }

  /** @param change makes the buildspec of this build from that of the project */
  async start(projectName: string, change?: (spec: BuildSpec) => BuildSpec): Promise<string> {
    const buildspecOverride = change && JSON.stringify(change(await this.#specOf(projectName)));
    const { build } = await this.#starter.send(new StartBuildCommand({ projectName, buildspecOverride }));
    return build!.id!;
  }

  async run(projectName: string, change?: (spec: BuildSpec) => BuildSpec): Promise<EndedBuild> {
    return this.endOf(await this.start(projectName, change));
  }

  /** Waits for the end of a build, and reads its log. */
  async endOf(id: string): Promise<EndedBuild> {
    const build = await until(`the end of ${id}`, 120, async () => {
      const found = await this.#describe(id);
      return found.buildComplete === true ? found : undefined;
    });
    return { succeeded: build.buildStatus === 'SUCCEEDED', output: await this.#outputOf(build) };
  }

  /** Waits until the commands of the phase BUILD run. */
  async untilBuilding(id: string): Promise<void> {
    await until(`the commands of ${id}`, 60, async () => {
      const { currentPhase, buildComplete } = await this.#describe(id);
      if (buildComplete === true) {
        throw new Error(`${id} has ended before its phase BUILD was seen:\n${(await this.endOf(id)).output}`);
      }
      return currentPhase === 'BUILD' ? true : undefined;
    });
  }

  stop(): void {
    this.#starter.destroy();
  }

  async #specOf(name: string): Promise<BuildSpec> {
    const client = new CodeBuildClient(this.#cloud.clientConfig());
    const { projects: [project] = [] } = await client.send(new BatchGetProjectsCommand({ names: [name] }));
    client.destroy();
    return JSON.parse(project.source!.buildspec!) as BuildSpec;
  }

  async #describe(id: string): Promise<Build> {
    const { builds: [found] = [] } = await this.#starter.send(new BatchGetBuildsCommand({ ids: [id] }));
    return found;
  }

  /** The log of an account is complete only some time after the build. */
  async #outputOf({ id = '', phases = [], logs }: Build): Promise<string> {
    const last = phases.findLast(({ phaseType }) => LOGGED.includes(phaseType))?.phaseType;
    if (last === undefined) {
      return '';
    }
    const events = await until(`the log of ${id}`, 30, async () => {
      const written = await this.#eventsOf(logs);
      return written.some((event) => event.includes(`Phase complete: ${last}`)) ? written : undefined;
    });
    return events.filter((event) => !OF_CODEBUILD.test(event)).join('\n');
  }

  async #eventsOf({ groupName, streamName = '' }: Build['logs'] = {}): Promise<string[]> {
    const client = new CloudWatchLogsClient(this.#cloud.clientConfig());
    const found: string[] = [];
    const pages = paginateFilterLogEvents({ client }, { logGroupName: groupName, logStreamNames: [streamName] });
    for await (const { events = [] } of pages) {
      found.push(...events.map(({ message = '' }) => message.replace(/\n$/, '')));
    }
    client.destroy();
    return found;
  }
}
