import { taskEnvironment } from '../../src/tasks/environment';

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

test('the port for a container health check is left out, since two tasks could not both listen on it', () => {
  expect(environmentOf('FILEWORKS_HEALTH_PORT=8080')).not.toHaveProperty('FILEWORKS_HEALTH_PORT');
});
