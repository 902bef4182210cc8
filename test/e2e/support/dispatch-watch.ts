import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { FileRow } from '../../../src/runtime/dispatch/index.js';
import { History } from '../../runtime/dispatch/chaos/history';
import { type Cloud, patience, type Task } from './clouds/cloud';
import { until } from './deployment';

/** A function of the deployment reads the stream too. */
const POLL_MS = 200 * patience;

/** A row of a file from the stream of the table. */
interface Seen {
  readonly row: FileRow;
  readonly at: number;
}

/** A run of a container: from its first line to its last, or to its end. */
interface Turn {
  readonly id: string;
  readonly from: number;
  /** Absent if the container was killed. */
  to?: number;
}

/**
 * Watches a dispatcher from outside, for the history that the chaos test checks: commits from the stream of its table,
 * work from the logs of its tasks.
 *
 * All timestamps are milliseconds, of clocks that may differ by the delay of the stream. A commit lies between the time
 * of its writer's decision and the time of its record in the stream, or of a decision based on it.
 */
export class DispatchWatch {
  readonly #seen = new Map<string, Seen[]>();
  readonly #cloud: Cloud;
  #turns: Turn[] = [];
  #tasks: readonly Task[] = [];
  #over = false;
  #reading: Promise<void> = Promise.resolve();

  constructor(cloud: Cloud, streamArn: string) {
    this.#cloud = cloud;
    this.#reading = this.#read(streamArn);
  }

  /** Every registered file, in its latest state. */
  rows(): Map<string, FileRow> {
    return new Map([...this.#seen].map(([id, seen]) => [id, seen.at(-1)!.row]));
  }

  /** Reads what is still in the stream, stops, and reads the logs. */
  async stop(): Promise<void> {
    this.#over = true;
    await this.#reading;
    // The log of an account arrives later
    await until('the work on every completed file in the logs', 60, () => this.#readLogs());
  }

  history(): History {
    const history = new History();
    for (const seen of this.#seen.values()) {
      history.commits.push(...this.#commitsOf(seen));
    }
    for (const { id, from, to = Infinity } of this.#turns) {
      history.work.push({ id, from, to });
    }
    for (const { startedBy = '' } of this.#tasks) {
      history.tasksOfToken.set(startedBy, (history.tasksOfToken.get(startedBy) ?? 0) + 1);
    }
    return history;
  }

  #commitsOf(seen: readonly Seen[]): History['commits'] {
    return seen.flatMap(({ row, at }, index) => {
      const before = index === 0 ? 'absent' : seen[index - 1].row.status;
      if (before === row.status) {
        return [];
      }
      const next = seen.at(index + 1)?.row.updatedAt ?? Infinity;
      const claim = before === 'queued' && row.status === 'starting';
      return [
        {
          id: row.id,
          before,
          after: row.status,
          from: row.updatedAt,
          to: Math.min(at, next - 1),
          ...(claim && this.#queueReadOf(row)),
        },
      ];
    });
  }

  /** A claim reads the queue after the end of the turn before, which freed the slot. */
  #queueReadOf(claimed: FileRow): { queueRead: number } | undefined {
    const ends = [...this.#seen.values()]
      .flat()
      .filter(
        ({ row }) =>
          row.sequence === claimed.sequence && row.status === 'completed' && row.updatedAt <= claimed.updatedAt,
      );
    return ends.length === 0 ? undefined : { queueRead: Math.max(...ends.map(({ row }) => row.updatedAt)) };
  }

  /** Whether they have the work on every completed file; undefined if not yet. */
  async #readLogs(): Promise<true | undefined> {
    this.#tasks = await this.#cloud.tasks();
    this.#turns = [];
    const done = new Set<string>();
    for (const task of this.#tasks) {
      const turns = turnsIn(await this.#cloud.log(task));
      turns.filter(({ to }) => to !== undefined).forEach(({ id }) => done.add(id));
      // A killed container says no end
      const stopped = task.stoppedAt === undefined ? undefined : new Date(task.stoppedAt).getTime();
      this.#turns.push(...turns.map(({ id, from, to = stopped }) => ({ id, from, to })));
    }
    return [...this.rows().values()].every(({ id, status }) => status !== 'completed' || done.has(id)) || undefined;
  }

  async #read(streamArn: string): Promise<void> {
    const client = new DynamoDBStreamsClient(this.#cloud.clientConfig());
    await this.#readShardsAfter(undefined, client, streamArn);
    client.destroy();
  }

  /** A shard ends after hours, or when the table is split; the records of its items go on in those after it. */
  async #readShardsAfter(parent: string | undefined, client: DynamoDBStreamsClient, StreamArn: string): Promise<void> {
    const { StreamDescription: { Shards: shards = [] } = {} } = await client.send(
      new DescribeStreamCommand({ StreamArn }),
    );
    const ids = new Set(shards.map(({ ShardId: id }) => id));
    const next = shards.filter(({ ParentShardId: of }) => (ids.has(of) ? of : undefined) === parent);
    await Promise.all(
      next.map(async ({ ShardId: id }) => {
        await this.#readShard(client, { StreamArn, ShardId: id });
        if (!this.#over) {
          await this.#readShardsAfter(id, client, StreamArn);
        }
      }),
    );
  }

  /** Until the shard ends, or the watch. */
  async #readShard(
    client: DynamoDBStreamsClient,
    shard: { StreamArn: string; ShardId: string | undefined },
  ): Promise<void> {
    let { ShardIterator: iterator } = await client.send(
      new GetShardIteratorCommand({ ...shard, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    for (let last = false; iterator !== undefined;) {
      last = this.#over;
      const { Records: records = [], NextShardIterator: next } = await client.send(
        new GetRecordsCommand({ ShardIterator: iterator }),
      );
      for (const { dynamodb: { NewImage: image } = {} } of records) {
        if (image?.sk.S === 'F') {
          this.#take(unmarshall(image) as FileRow);
        }
      }
      iterator = next;
      if (records.length === 0) {
        if (last) {
          break;
        }
        await sleep(POLL_MS);
      }
    }
  }

  #take(row: FileRow): void {
    const seen = this.#seen.get(row.id) ?? [];
    seen.push({ row, at: Date.now() });
    this.#seen.set(row.id, seen);
  }
}

/** A task works on one file. */
function turnsIn(log: string): Turn[] {
  const turns: Turn[] = [];
  for (const line of log.split('\n').filter((text) => text.startsWith('{'))) {
    const { msg, time, fileId: id } = JSON.parse(line) as { msg?: string; time: string; fileId: string };
    if (msg === 'file begun') {
      turns.push({ id, from: Date.parse(time) });
    } else if (msg === 'file done' || msg === 'file handler failed') {
      turns.forEach((turn) => (turn.to ??= Date.parse(time)));
    }
  }
  return turns;
}
