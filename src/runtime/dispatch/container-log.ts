import { type Environment } from '../support/environment.js';

/** Longer names are none: a group and a stream of CloudWatch Logs have at most 512 characters each. */
const MAX_NAME = 512;
/** The endpoint is on the host of the container. */
const TIMEOUT_MS = 2_000;

/**
 * The log of this container in CloudWatch Logs as `region:group:stream`, if it has the log driver `awslogs`. Best
 * effort: a turn without the name of its log is better than none.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate-examples.html
 */
export async function containerLog(env: Environment): Promise<string | undefined> {
  const base = env.ECS_CONTAINER_METADATA_URI_V4;
  if (base === undefined) {
    return undefined;
  }
  try {
    const response = await fetch(base, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { LogOptions: options } = (await response.json()) as { LogOptions?: Readonly<Record<string, unknown>> };
    const names = ['awslogs-region', 'awslogs-group', 'awslogs-stream'].map((name) => options?.[name]);
    return names.every((name) => typeof name === 'string' && name !== '' && name.length <= MAX_NAME)
      ? names.join(':')
      : undefined;
  } catch {
    return undefined;
  }
}
