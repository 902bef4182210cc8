import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { LocalCloud } from 'fileworks-local';
import { appFolder, startDeployment, until } from './support/deployment';
import { secondVersion } from './support/second-version';
import { zip } from './support/zip';

const FILES = 12;
/** Slow enough for a deployment in the middle of the run, and broken in the second version: it crashes at its start. */
const COMMAND = ['/bin/sh', '-c', '[ "$VERSION" = 2 ] && exit 1; sleep 2; exec node main.ts'];

describe('quickstart, updated to a version that crashes at its start', () => {
  let cloud: LocalCloud;
  let s3: S3Client;
  let ecs: ECSClient;
  let sqs: SQSClient;
  let outputs: Readonly<Record<string, string>>;
  let first: string;

  beforeAll(async () => {
    cloud = await startDeployment('quickstart', { folder: 'bad-version', command: COMMAND, speed: 10 });
    outputs = cloud.outputs('Quickstart');
    s3 = new S3Client(cloud.clientConfig());
    ecs = new ECSClient(cloud.clientConfig());
    sqs = new SQSClient(cloud.clientConfig());
    await put(0, FILES / 2);
    first = await until('a running task', 60, () => running()[0]?.taskDefinitionArn);
  }, 600_000);

  afterAll(async () => {
    [s3, ecs, sqs].forEach((client: { destroy(): void }) => client.destroy());
    await cloud.stop();
  }, 60_000);

  const running = () => cloud.tasks().filter(({ lastStatus }) => lastStatus === 'RUNNING');
  const put = (from: number, to: number) =>
    Promise.all(
      Array.from({ length: to - from }, (_, n) =>
        s3.send(
          new PutObjectCommand({
            Bucket: outputs.IncomingBucket,
            Key: `incoming/${from + n}.zip`,
            Body: zip(1, `file ${from + n}`),
          }),
        ),
      ),
    );
  const service = async () => {
    const { clusterArn: cluster, group = '' } = cloud.tasks()[0];
    const { services = [] } = await ecs.send(
      new DescribeServicesCommand({ cluster, services: [group.replace(/^service:/, '')] }),
    );
    return services[0];
  };

  test('the circuit breaker rolls the service back to the first version', async () => {
    await cloud.update(secondVersion(appFolder('bad-version')));
    await put(FILES / 2, FILES);
    await until('failed tasks of the second version', 60, () =>
      cloud.tasks().some(({ taskDefinitionArn, lastStatus }) => taskDefinitionArn !== first && lastStatus === 'STOPPED')
        ? true
        : undefined,
    );
    await until('the first version', 120, async () => ((await service()).taskDefinition === first ? true : undefined));
  }, 240_000);

  test('every file is processed once, and none is in the dead-letter queue', async () => {
    const stored = async () => {
      const { Contents: found = [] } = await s3.send(
        new ListObjectsV2Command({ Bucket: outputs.ResultsBucket, Prefix: 'manifests/' }),
      );
      return found.map(({ Key: key = '' }) => key);
    };
    await until('the manifests', 120, async () => ((await stored()).length === FILES ? true : undefined));
    const [, deadLetterQueueUrl] = Object.entries(cloud.resources('Quickstart')).find(([id]) =>
      /^UnpackerDeadLetterQueue[0-9A-F]{8}$/.test(id),
    )!;
    const { Attributes: attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: deadLetterQueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    expect(attributes).toEqual({ ApproximateNumberOfMessages: '0' });
  }, 180_000);
});
