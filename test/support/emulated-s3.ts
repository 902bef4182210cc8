import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { Ministack } from '../../local/src/emulator/ministack';
import { Reaper } from '../../local/src/reaper';

/** The S3 of the local cloud: its emulator, without an app. It ends with this process. */
export class EmulatedS3 {
  readonly client: S3Client;

  private constructor(
    readonly emulator: Ministack,
    readonly reaper: Reaper,
    readonly logDir: string,
  ) {
    this.client = new S3Client({
      endpoint: emulator.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
  }

  static async start(): Promise<EmulatedS3> {
    const reaper = new Reaper();
    reaper.start();
    const logDir = mkdtempSync(join(tmpdir(), 'emulated-s3-'));
    const emulator = new Ministack(
      {
        region: 'us-east-1',
        account: '000000000000',
        toolsDir: process.env.FILEWORKS_TOOLS_DIR ?? resolve(__dirname, '../../.tools'),
        python: 'python3',
        logDir,
        authorization: 'off',
        dockerHost: 'tcp://127.0.0.1:9', // no tasks: no engine listens there
        observer: {
          line: () => undefined,
          task: () => undefined,
          call: () => undefined,
          denial: () => undefined,
          request: ({ action }) => Promise.reject(new Error(`nothing here calls ${action}`)),
          died: (reason) => void process.stderr.write(`${reason}\n`),
        },
      },
      reaper,
    );
    try {
      await emulator.start();
      return new EmulatedS3(emulator, reaper, logDir);
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
