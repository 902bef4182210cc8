/**
 * A client of the AWS SDK that is an optional peer: whoever does without it must be able to compile without its types.
 */
export interface SdkClient {
  send(command: never): Promise<unknown>;
}
