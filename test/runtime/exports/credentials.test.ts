import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SecretCredentials } from '../../../src/runtime/exports/index.js';
import { TestApi, token } from './api.js';

let test: TestApi;
let secret: string | Error;
let reads: number;
let credentials: SecretCredentials;

beforeEach(async () => {
  test = await TestApi.start();
  secret = token;
  reads = 0;
  const client = new SecretsManagerClient({
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  jest.spyOn(client, 'send').mockImplementation(() => {
    reads += 1;
    if (secret instanceof Error) {
      throw secret;
    }
    return Promise.resolve({ SecretString: secret }) as never;
  });
  credentials = new SecretCredentials({ client, secretId: 'export-api' });
});

afterEach(() => test.stop());

const ask = () => test.client({ credentials }).json('jobs/1/files/0');

it('are read once for many requests', async () => {
  await Promise.all(Array.from({ length: 10 }, ask));
  expect(reads).toBe(1);
});

it('are read again once when a rotation has them refused', async () => {
  const client = test.client({ credentials });
  await client.json('jobs/1/files/0');
  test.api.token = secret = 'second-token';
  const answers = await Promise.all(Array.from({ length: 10 }, () => client.json('jobs/1/files/0')));
  expect(answers).toHaveLength(10);
  expect(reads).toBe(2);
});

it('fail when the secret is still the one that is refused', async () => {
  test.api.token = 'second-token';
  await expect(ask()).rejects.toMatchObject({ code: 'ERR_EXPORT_CREDENTIALS' });
  expect(reads).toBe(2);
});

it('are asked for again after a failure to read them', async () => {
  secret = new Error('AccessDenied');
  await expect(ask()).rejects.toThrow('AccessDenied');
  secret = token;
  expect(await ask()).toMatchObject({ id: '0' });
});

it('can be any headers', async () => {
  secret = JSON.stringify({ key: token });
  const client = new SecretsManagerClient({ region: 'local' });
  jest.spyOn(client, 'send').mockImplementation(() => Promise.resolve({ SecretString: secret }) as never);
  const toHeaders = (text: string) => ({ authorization: `Bearer ${(JSON.parse(text) as { key: string }).key}` });
  expect(
    await test
      .client({ credentials: new SecretCredentials({ client, secretId: 'api', toHeaders }) })
      .json('jobs/1/files/0'),
  ).toMatchObject({ id: '0' });
});
