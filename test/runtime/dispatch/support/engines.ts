import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Pool } from 'pg';
import { MemoryStore } from './memory-store';
import { type DispatchStore, PostgresStore } from '../../../../src/runtime/dispatch/index.js';
import { createDispatchTable } from '../../../support/dispatch-table';
import { startDynamoDbLocal } from '../../../support/dynamodb-local';
import { startPostgres } from '../../../support/postgres-server';

/** An engine that runs, and makes an empty store as often as it is asked. */
export interface Engine {
  emptyStore(): Promise<DispatchStore>;
  stop(): Promise<void>;
}

export const engines = {
  memory(): Promise<Engine> {
    return Promise.resolve({ emptyStore: () => Promise.resolve(new MemoryStore()), stop: () => Promise.resolve() });
  },

  async 'DynamoDB Local'(): Promise<Engine> {
    const server = await startDynamoDbLocal();
    const client = new DynamoDBClient({
      endpoint: server.endpoint,
      region: 'local',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      requestHandler: new NodeHttpHandler({ httpAgent: { maxSockets: 64, keepAlive: true } }),
    });
    return {
      async emptyStore() {
        return createDispatchTable(client, `dispatch-${randomUUID()}`);
      },
      async stop() {
        client.destroy();
        await server.stop();
      },
    };
  },

  async PostgreSQL(): Promise<Engine> {
    const server = await startPostgres({ fsync: 'off', synchronous_commit: 'off' });
    const pool = new Pool({ connectionString: server.connectionString, max: 16 });
    // Connections that idle when the server stops
    pool.on('error', () => undefined);
    const store = new PostgresStore({ pool });
    await store.migrate();
    return {
      async emptyStore() {
        await pool.query('TRUNCATE fileworks_file, fileworks_head, fileworks_key, fileworks_pause');
        return store;
      },
      async stop() {
        await pool.end();
        await server.stop();
      },
    };
  },
};

export type EngineName = keyof typeof engines;
