/** An AWS SDK client from an optional peer dependency: programs that do not use it compile without its types. */
export interface SdkClient {
  send(command: never): Promise<unknown>;
}
