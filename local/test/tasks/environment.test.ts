import { taskEnvironment } from '../../src/tasks/environment';
import { withOwnHealthPort } from '../../src/tasks/health-port';

const environmentOf = (...env: string[]) =>
  taskEnvironment(
    { Image: 'worker', Env: env },
    {},
    { aws: 'http://127.0.0.1:4566', agent: 'http://127.0.0.1:1/agent' },
  );

test('the environment of the task definition reaches the process', () => {
  expect(environmentOf('FILEWORKS_CONCURRENCY=3', 'TEXT=a=b')).toMatchObject({
    FILEWORKS_CONCURRENCY: '3',
    TEXT: 'a=b',
  });
});

test('the address of the emulator is ours, not the one that only Docker resolves', () => {
  expect(environmentOf('AWS_ENDPOINT_URL=http://host.docker.internal:4566')).toMatchObject({
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
  });
});

describe('the health port', () => {
  const health = (...Env: string[]) =>
    withOwnHealthPort({
      Image: 'worker',
      Env,
      Healthcheck: {
        Test: ['CMD-SHELL', 'curl localhost:8080/a && curl 127.0.0.1:80801'],
        Interval: 1,
        Timeout: 1,
        Retries: 1,
        StartPeriod: 0,
      },
    });

  test('is a free one for each container, where two tasks could not listen on the same, and its check asks there', async () => {
    const [one, other] = await Promise.all([
      health('FILEWORKS_HEALTH_PORT=8080', 'A=8080'),
      health('FILEWORKS_HEALTH_PORT=8080'),
    ]);
    const port = /^FILEWORKS_HEALTH_PORT=(\d+)$/.exec(one.Env![0])![1];
    expect(one.Env).toEqual([`FILEWORKS_HEALTH_PORT=${port}`, 'A=8080']);
    expect(one.Healthcheck!.Test).toEqual(['CMD-SHELL', `curl localhost:${port}/a && curl 127.0.0.1:80801`]);
    expect(port).not.toBe('8080');
    expect(other.Env![0]).not.toBe(one.Env![0]);
  });

  test('is left alone where there is none', async () => {
    expect((await health('A=8080')).Healthcheck!.Test[1]).toContain('localhost:8080');
  });
});
