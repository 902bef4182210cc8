import { createServer } from 'node:net';
import type { ContainerConfig } from './container';

const VARIABLE = 'FILEWORKS_HEALTH_PORT';

/**
 * The container with a free port of this machine as its health port, in its environment and in its health check: tasks
 * share one network here, so two of them could not listen on the port of the task definition.
 */
export async function withOwnHealthPort(config: ContainerConfig): Promise<ContainerConfig> {
  const given = config.Env?.find((pair) => pair.startsWith(`${VARIABLE}=`))?.slice(VARIABLE.length + 1);
  if (!given) {
    return config;
  }
  const port = await freePort();
  const address = new RegExp(`\\b(127\\.0\\.0\\.1|localhost):${given.replace(/\D/g, '')}\\b`, 'g');
  return {
    ...config,
    Env: config.Env?.map((pair) => (pair.startsWith(`${VARIABLE}=`) ? `${VARIABLE}=${port}` : pair)),
    ...(config.Healthcheck && {
      Healthcheck: {
        ...config.Healthcheck,
        Test: config.Healthcheck.Test.map((part) => part.replace(address, `$1:${port}`)),
      },
    }),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
