import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { clientConfig, makeAccessKeys, type AccessKeys } from '../../local/src/clients';
import { Ministack } from '../../local/src/emulator/ministack';
import { Reaper } from '../../local/src/reaper';
import type { ClientConfig } from '../../local/src/types';

const ENVIRONMENT = { account: '000000000000', region: 'us-east-1' };

/** The S3 of the local cloud: its emulator, without an app. It ends with this process. */
export class EmulatedS3 {
  readonly config: ClientConfig;
  readonly client: S3Client;

  private constructor(
    keys: AccessKeys,
    readonly emulator: Ministack,
    readonly reaper: Reaper,
    readonly logDir: string,
  ) {
    this.config = clientConfig(emulator.endpoint, keys, ENVIRONMENT);
    this.client = new S3Client(this.config);
  }

  static async start(): Promise<EmulatedS3> {
    const reaper = new Reaper();
    const keys = makeAccessKeys();
    reaper.start();
    const logDir = mkdtempSync(join(tmpdir(), 'emulated-s3-'));
    const emulator = new Ministack(
      {
        ...ENVIRONMENT,
        keys,
        toolsDir: process.env.FILEWORKS_TOOLS_DIR ?? resolve(__dirname, '../../.tools'),
        python: 'python3',
        logDir,
        authorization: 'off',
        clock: { startedAt: Date.now(), speed: 1, processes: 'real' },
        dockerHost: 'unix:///nowhere/docker.sock', // no tasks: no engine listens there
        observer: {
          line: () => undefined,
          task: () => undefined,
          call: () => undefined,
          stack: () => undefined,
          denial: () => undefined,
          request: ({ action }) => Promise.reject(new Error(`nothing here calls ${action}`)),
          died: (reason) => void process.stderr.write(`${reason}\n`),
        },
      },
      reaper,
    );
    try {
      await emulator.start();
      return new EmulatedS3(keys, emulator, reaper, logDir);
    } catch (error) {
      await emulator.stop();
      await reaper.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.client.destroy();
    await this.emulator.stop();
    await this.reaper.stop();
    rmSync(this.logDir, { recursive: true, force: true });
  }
}
