import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { DispatchFunctionEnv } from '../../../src/contract/dispatch-config';

/** The CloudFormation and Lambda calls of the CLI, for a stack that consists of one operator function. */
export class DispatcherEndpoint {
  readonly #server: Server;
  /** Requests of the operator function. */
  readonly requests: Record<string, unknown>[] = [];

  private constructor(types: readonly string[], operate: (request: unknown) => Promise<unknown>) {
    this.#server = createServer((request, response) => {
      void this.#answer(request, types, operate).then(({ body, failed = false }) => {
        response.writeHead(200, failed ? { 'x-amz-function-error': 'Unhandled' } : {}).end(body);
      });
    });
  }

  static async start(
    types: readonly string[],
    operate: (request: unknown) => Promise<unknown>,
  ): Promise<DispatcherEndpoint> {
    const endpoint = new DispatcherEndpoint(types, operate);
    await new Promise<void>((started) => endpoint.#server.listen(0, '127.0.0.1', started));
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((stopped) => this.#server.close(stopped));
  }

  async #answer(
    request: IncomingMessage,
    types: readonly string[],
    operate: (request: unknown) => Promise<unknown>,
  ): Promise<{ readonly body: string; readonly failed?: boolean }> {
    const body = await text(request);
    if (request.url?.endsWith('/configuration') === true) {
      return {
        body: JSON.stringify({ Environment: { Variables: { [DispatchFunctionEnv.types]: JSON.stringify(types) } } }),
      };
    }
    if (request.url?.endsWith('/invocations') !== true) {
      return { body: RESOURCES };
    }
    const asked = JSON.parse(body) as Record<string, unknown>;
    this.requests.push(asked);
    return operate(asked).then(
      (answer) => ({ body: JSON.stringify(answer) }),
      (error: unknown) => ({ body: JSON.stringify({ errorMessage: (error as Error).message }), failed: true }),
    );
  }
}

const RESOURCES = `<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries><member>
<LogicalResourceId>DispatcherOperator01234567</LogicalResourceId><PhysicalResourceId>operator</PhysicalResourceId>
<ResourceType>AWS::Lambda::Function</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>
</member></StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`;
