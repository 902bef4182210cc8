interface Event {
  readonly time: number;
  readonly order: number;
  readonly action: () => void;
}

/** The clock of a simulation: it jumps from one event to the next. Times are seconds from its start. */
export class EventQueue {
  readonly #heap: Event[] = [];
  #now = 0;
  #scheduled = 0;

  get now(): number {
    return this.#now;
  }

  /** Events at the same time happen in the order in which they were scheduled. */
  at(time: number, action: () => void): void {
    const heap = this.#heap;
    const event = { time: Math.max(time, this.#now), order: this.#scheduled++, action };
    let child = heap.length;
    heap.push(event);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!before(event, heap[parent])) {
        break;
      }
      heap[child] = heap[parent];
      child = parent;
    }
    heap[child] = event;
  }

  after(seconds: number, action: () => void): void {
    this.at(this.#now + seconds, action);
  }

  /** Runs events until `done` returns true or no event is left. */
  run(done: () => boolean): void {
    while (!done()) {
      const event = this.#takeFirst();
      if (!event) {
        return;
      }
      this.#now = event.time;
      event.action();
    }
  }

  #takeFirst(): Event | undefined {
    const heap = this.#heap;
    const first = heap.at(0);
    const last = heap.pop();
    if (!first || !last || heap.length === 0) {
      return first;
    }
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= heap.length) {
        break;
      }
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) {
        child++;
      }
      if (!before(heap[child], last)) {
        break;
      }
      heap[parent] = heap[child];
      parent = child;
    }
    heap[parent] = last;
    return first;
  }
}

const before = (one: Event, other: Event) =>
  one.time < other.time || (one.time === other.time && one.order < other.order);
