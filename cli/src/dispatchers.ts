import { GetFunctionConfigurationCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { DispatchFunctionEnv } from '../../src/contract/dispatch-config';
import type { Pipeline } from './pipeline';
import { eachOf } from './support/batches';
import type { Clients } from './support/clients';
import { CliError, ExitCode } from './support/errors';

/** A TypedDispatcher, known by its operator function. */
export interface Dispatcher {
  readonly name: string;
  readonly functionName: string;
  readonly types: readonly string[];
}

/** A file, as the operator function returns it. */
export interface DispatchedFile {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly sequence?: string;
  readonly attempts: number;
  readonly reason?: string;
  readonly object: {
    readonly bucket: string;
    readonly key: string;
    readonly size?: number;
    readonly versionId?: string;
  };
  readonly correlationId: string;
  /** The last attempts that ended, at most ten; not in lists. */
  readonly lastAttempts?: readonly EndedAttempt[];
  /** Milliseconds since 1970. */
  readonly registeredAt: number;
  readonly updatedAt: number;
}

export interface EndedAttempt {
  readonly epoch: number;
  readonly outcome: string;
  /** ARN of the task or execution, or the name of a worker. */
  readonly worker?: string;
  /** Region, group and stream, separated by `:`. */
  readonly log?: string;
  /** Milliseconds since 1970. */
  readonly beganAt?: number;
  readonly endedAt: number;
  readonly reason?: string;
}

export type Pauses = Readonly<Record<string, { readonly since: number; readonly reason: string }>>;

export interface FileList {
  readonly files: readonly DispatchedFile[];
  /** More files exist than the limit of the request. */
  readonly more: boolean;
  /** Continue with it as `after`. */
  readonly next?: object;
  readonly paused: Pauses;
}

/** A file of a sequence, as the operator function returns it. */
export interface SequenceFile extends Pick<
  DispatchedFile,
  'id' | 'type' | 'status' | 'attempts' | 'reason' | 'registeredAt' | 'updatedAt'
> {
  readonly bucket: string;
  readonly key: string;
}

export interface SequenceSummary {
  readonly sequence: string;
  /** Files that hold it. */
  readonly heads: readonly SequenceFile[];
  /** Number of queued files; `more`: at least that many. */
  readonly queued: number;
  readonly more: boolean;
  readonly first?: SequenceFile;
  readonly paused: boolean;
}

export type ShownSequence = SequenceSummary & { readonly files: readonly SequenceFile[] };

export interface SequencePage {
  readonly sequences: readonly SequenceSummary[];
  readonly next?: object;
}

/** Statuses that the operator function lists; all others are final. */
export const OPEN_STATUSES = ['queued', 'starting', 'running', 'waiting', 'blocked', 'parked'] as const;
export type OpenStatus = (typeof OPEN_STATUSES)[number];

export async function listDispatchers(clients: Clients, pipeline: Pipeline): Promise<Dispatcher[]> {
  const candidates = pipeline.ofType('AWS::Lambda::Function').filter(({ name }) => name.endsWith('Operator'));
  const found = await eachOf(candidates, async ({ name, physicalId: functionName }) => {
    const { Environment: environment } = await clients.lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: functionName }),
    );
    const types = environment?.Variables?.[DispatchFunctionEnv.types];
    return types === undefined
      ? []
      : [{ name: name.slice(0, -'Operator'.length), functionName, types: JSON.parse(types) as string[] }];
  });
  return found.flat();
}

/** Invokes the operator function. @throws CliError with its message if it rejects the request */
export async function operate<Answer>(
  clients: Clients,
  dispatcher: Dispatcher,
  request: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const { FunctionError: failed, Payload: payload } = await clients.lambda.send(
    new InvokeCommand({
      FunctionName: dispatcher.functionName,
      Payload: Buffer.from(JSON.stringify(request)),
    }),
  );
  const answer = JSON.parse(Buffer.from(payload ?? []).toString('utf8') || 'null') as { errorMessage?: string } | null;
  if (failed !== undefined) {
    throw new CliError(
      ExitCode.failed,
      `the dispatcher ${dispatcher.name} rejected ${String(request.action)}: ${answer?.errorMessage ?? failed}`,
    );
  }
  return answer as Answer;
}
