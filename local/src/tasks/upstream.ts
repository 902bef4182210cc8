import { request as httpRequest, type IncomingMessage, type RequestOptions, type ServerResponse } from 'node:http';
import { LocalCloudError } from '../errors';
import type { ContainerConfig } from './container';
import { readBody, sendJson } from './http';

/** Paths of this machine, which do not exist in an image. */
const OF_THIS_MACHINE = new Set(['PATH', 'HOME', 'TMPDIR', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE']);

/** The Docker engine behind ours: it runs the images that no local command stands for. */
export class Upstream {
  readonly #target: RequestOptions;
  readonly #ids = new Set<string>();

  constructor(dockerHost: string) {
    this.#target = targetOf(dockerHost);
  }

  /** Whether the container was created there. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Removes the containers that were created there, running or not. */
  async removeAll(): Promise<void> {
    await Promise.all(
      [...this.#ids].map(
        (id) =>
          new Promise<void>((resolve) => {
            httpRequest({ ...this.#target, method: 'DELETE', path: `/v1.41/containers/${id}?force=1` }, (answer) =>
              answer.resume().once('end', resolve),
            )
              // The engine may have stopped already.
              .once('error', () => resolve())
              .end();
          }),
      ),
    );
  }

  forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return new Promise((resolve, reject) => {
      const onward = httpRequest(
        { ...this.#target, method: request.method, path: request.url, headers: { ...request.headers, host: 'docker' } },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response).once('finish', resolve).once('error', reject);
        },
      ).once('error', reject);
      request.pipe(onward);
    });
  }

  /**
   * Creates a container in the host's network, where 127.0.0.1 is the emulator, with the environment that a process
   * would get.
   */
  async create(
    name: string,
    config: ContainerConfig,
    env: Readonly<Record<string, string>>,
    response: ServerResponse,
  ): Promise<void> {
    const own = Object.entries(env).filter(([variable]) => !OF_THIS_MACHINE.has(variable));
    const body = JSON.stringify({
      ...config,
      Env: own.map(([key, value]) => `${key}=${value}`),
      HostConfig: { ...config.HostConfig, NetworkMode: 'host' },
      NetworkingConfig: undefined,
    });
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(
        {
          ...this.#target,
          method: 'POST',
          path: `/v1.41/containers/create?name=${encodeURIComponent(name)}`,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        resolve,
      )
        .once('error', reject)
        .end(body);
    });
    const parsed = JSON.parse(await readBody(answer)) as { Id?: string };
    if (parsed.Id !== undefined) {
      this.#ids.add(parsed.Id);
    }
    sendJson(response, answer.statusCode ?? 502, parsed);
  }
}

function targetOf(dockerHost: string): RequestOptions {
  const url = URL.canParse(dockerHost) ? new URL(dockerHost) : undefined;
  if (url?.protocol === 'unix:') {
    return { socketPath: url.pathname };
  }
  if (url?.protocol === 'tcp:' || url?.protocol === 'http:') {
    return { host: url.hostname, port: url.port || '2375' };
  }
  throw new LocalCloudError(
    'OptionInvalid',
    `dockerHost must look like unix:///var/run/docker.sock or tcp://127.0.0.1:2375, got: ${dockerHost}`,
  );
}
