type Listener<Payload> = (payload: Payload) => unknown;

/** Calls listeners on events. A listener that throws or rejects is reported and never breaks the emitting loop. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();
  readonly #onListenerError: (error: unknown, event: string) => void;

  constructor(onListenerError: (error: unknown, event: string) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Returns a function that removes the listener. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        const result = (listener as Listener<Events[Name]>)(payload);
        if (result instanceof Promise) {
          result.catch((error: unknown) => this.#onListenerError(error, String(name)));
        }
      } catch (error) {
        this.#onListenerError(error, String(name));
      }
    }
  }
}
