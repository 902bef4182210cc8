import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { LocalCloud } from 'fileworks-local';

const root = resolve(__dirname, '..', '..');
const stack = 'FilesStack';

// The first time, the package managers of all three languages download what an app needs
jest.setTimeout(600_000);

/** The folder of an app that `cdk init` made, with README's smallest program. */
function initApp(language: string): string {
  return execFileSync(process.execPath, [join(root, 'build-tools', 'init-app.ts'), language], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
    .trim()
    .split('\n')
    .at(-1)!;
}

describe.each(['typescript', 'python', 'java'])('README, in the %s app that cdk init makes', (language) => {
  const lines: string[] = [];
  let cloud: LocalCloud | undefined;

  afterAll(() => cloud?.stop());

  test('deploys with the recommended feature flags, and processes a file', async () => {
    const folder = initApp(language);
    let done: (line: string) => void;
    const processed = new Promise<string>((resolved) => {
      done = resolved;
    });
    cloud = await LocalCloud.start({
      app: join(folder, 'cdk.out'),
      toolsDir: join(root, '.tools'),
      speed: 60,
      on: {
        line: (line) => lines.push(line),
        output: ({ line }) => line.includes('return to acknowledge the file') && done(line),
      },
    });
    const resources = Object.entries(cloud.resources(stack));
    const bucket = resources.find(([id]) => /^IngestBucket[0-9A-F]{8}$/.test(id))?.[1];
    const s3 = new S3Client(cloud.clientConfig());
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'incoming/first.zip', Body: 'anything' }));
    expect(JSON.parse(await processed)).toMatchObject({ key: 'incoming/first.zip', size: 8 });
  });

  test('prints what its feature flags add and no file needs, and where its worker comes from', () => {
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^FilesStack: left out .* \(Custom::VpcRestrictDefaultSG\): tasks run in the network/),
        expect.stringMatching(/AssetImage: its Dockerfile says to run `node main\.mjs`, in .*\/files\/worker;/),
      ]),
    );
  });
});

test('is the same template in each language', () => {
  const templates = ['typescript', 'python', 'java'].map((language) => {
    const folder = join(root, '.tools', 'workplace', 'init', language, 'files', 'cdk.out');
    expect(readdirSync(folder)).toContain(`${stack}.template.json`);
    const text = readFileSync(join(folder, `${stack}.template.json`), 'utf8');
    const { Resources: resources } = JSON.parse(text) as { Resources: Record<string, unknown> };
    // Its analytics name the language
    return { ...resources, CDKMetadata: undefined };
  });
  expect(templates[1]).toEqual(templates[0]);
  expect(templates[2]).toEqual(templates[0]);
});
