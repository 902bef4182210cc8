import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { LocalCloud, TaskRecord } from 'fileworks-local';
import type { FileRow } from '../../../src/runtime/dispatch/index.js';
import { History } from '../../runtime/dispatch/chaos/history';

const POLL_MS = 200;

/** A row of a file from the stream of the table. */
interface Seen {
  readonly row: FileRow;
  readonly at: number;
}

/** A run of a container: from its first line to its last, or to its end. */
interface Turn {
  readonly id: string;
  readonly task: string;
  readonly from: number;
  to?: number;
}

/**
 * Watches a dispatcher from outside, for the history that the chaos test checks: commits from the stream of its table,
 * work from the log of its tasks and from the ends of those that were killed.
 *
 * All timestamps are milliseconds of this machine's clock. A commit lies between the time of its writer's decision and
 * the time of its record in the stream, or of a decision based on it.
 */
export class DispatchWatch {
  readonly turns: Turn[] = [];
  readonly #seen = new Map<string, Seen[]>();
  readonly #cloud: LocalCloud;
  #over = false;
  #reading: Promise<void> = Promise.resolve();

  constructor(cloud: LocalCloud, streamArn: string) {
    this.#cloud = cloud;
    cloud.on('output', ({ taskArn, line }) => this.#onLine(taskArn, line));
    cloud.on('task', ({ task }) => this.#onTask(task));
    this.#reading = this.#read(streamArn);
  }

  /** Every registered file, in its latest state. */
  rows(): Map<string, FileRow> {
    return new Map([...this.#seen].map(([id, seen]) => [id, seen.at(-1)!.row]));
  }

  /** Reads what is still in the stream, and stops. */
  async stop(): Promise<void> {
    this.#over = true;
    await this.#reading;
  }

  history(): History {
    const history = new History();
    for (const seen of this.#seen.values()) {
      history.commits.push(...this.#commitsOf(seen));
    }
    for (const { id, from, to = Infinity } of this.turns) {
      history.work.push({ id, from, to });
    }
    for (const { startedBy = '' } of this.#cloud.tasks()) {
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

  #onLine(task: string, line: string): void {
    if (!line.startsWith('{')) {
      return;
    }
    const { msg, time, fileId: id } = JSON.parse(line) as { msg?: string; time: string; fileId: string };
    if (msg === 'file begun') {
      this.turns.push({ id, task, from: Date.parse(time) });
    } else if (msg === 'file done' || msg === 'file handler failed') {
      this.#end(task, Date.parse(time));
    }
  }

  #onTask({ taskArn, lastStatus }: TaskRecord): void {
    if (lastStatus === 'STOPPED') {
      this.#end(taskArn, Date.now());
    }
  }

  #end(task: string, at: number): void {
    for (const turn of this.turns) {
      if (turn.task === task) {
        turn.to ??= at;
      }
    }
  }

  async #read(streamArn: string): Promise<void> {
    const client = new DynamoDBStreamsClient(this.#cloud.clientConfig());
    const { StreamDescription: stream } = await client.send(new DescribeStreamCommand({ StreamArn: streamArn }));
    const shard = { StreamArn: streamArn, ShardId: stream!.Shards![0].ShardId };
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
    client.destroy();
  }

  #take(row: FileRow): void {
    const seen = this.#seen.get(row.id) ?? [];
    seen.push({ row, at: Date.now() });
    this.#seen.set(row.id, seen);
  }
}
