import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** Requests to a database, and round trips: requests at the same time are one. */
export class RequestCounter {
  requests = 0;
  trips = 0;
  #inFlight = 0;

  reset(): void {
    this.requests = 0;
    this.trips = 0;
  }

  async count<T>(request: () => Promise<T>): Promise<T> {
    this.requests += 1;
    this.trips += this.#inFlight === 0 ? 1 : 0;
    this.#inFlight += 1;
    try {
      return await request();
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** Counts the requests of a client, retries included. */
  of(client: DynamoDBClient): this {
    client.middlewareStack.add((next) => (args) => this.count(() => next(args)), { step: 'finalizeRequest' });
    return this;
  }
}
