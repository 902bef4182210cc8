import type { ContainerConfig } from './container';
import { Labels } from './labels';

/** Variables of the user's shell that a process needs. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ'] as const;

/** Variables that are replaced or left out. */
const REPLACED = new Set([
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_ENDPOINT_URL',
  'ECS_CONTAINER_METADATA_URI_V4',
]);

export interface TaskEndpoints {
  /** Of the AWS API. */
  readonly aws: string;
  /** `ECS_AGENT_URI` of this container. */
  readonly agent: string;
  /** Where this container fetches the credentials of its role; absent when the task has none. */
  readonly credentials?: { readonly url: string; readonly token: string };
}

/**
 * The environment of a container's process: variables of the image and the task definition override those of the agent.
 *
 * The emulator's addresses use a name that only Docker resolves, and are replaced. Shared AWS configuration files are
 * hidden from the process: the SDKs would prefer them to the credentials of the task role.
 */
export function taskEnvironment(
  config: ContainerConfig,
  image: Readonly<Record<string, string>>,
  endpoints: TaskEndpoints,
): Record<string, string> {
  const given = new Map((config.Env ?? []).map((pair) => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)]));
  const metadata = given.get('ECS_CONTAINER_METADATA_URI_V4') ?? '';
  const own = Object.fromEntries([...given].filter(([name]) => !REPLACED.has(name)));
  const region = config.Labels?.[Labels.taskArn]?.split(':')[3] ?? '';
  const inherited = Object.fromEntries(
    INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  return {
    ...inherited,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
    AWS_ENDPOINT_URL: endpoints.aws,
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...image,
    ...own,
    ECS_AGENT_URI: endpoints.agent,
    ECS_CONTAINER_METADATA_URI_V4: metadata.replace(/^http:\/\/[^/]+/, endpoints.aws),
    ...(endpoints.credentials && {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: endpoints.credentials.url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: endpoints.credentials.token,
    }),
  };
}
