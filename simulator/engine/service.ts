import { MetricStore } from 'fileworks-local/lib/scaling/metric-store.js';
import { WAKE_UP_INTERVAL_SECONDS } from '../../src/contract/wake-up.ts';
import { decide, RECENT_SECONDS, type Sizing } from '../../src/handlers/wake-up/decide.ts';
import type { Parameters } from '../parameters.ts';
import { ScalableTarget, type ScalingActivity } from '../scaling/scalable-target.ts';
import { metricsOf, type Scaling } from '../template/read-scaling.ts';
import type { Worker } from '../template/read-worker.ts';
import type { Job } from '../workload.ts';
import type { EventQueue } from './events.ts';
import { Fleet, type StopCause, type Task } from './fleet.ts';
import { JobQueue, type Message } from './job-queue.ts';
import { Random } from '../random.ts';
import { Workers } from './workers.ts';

export interface ServiceOptions {
  readonly worker: Worker;
  readonly scaling: Scaling;
  /** Share of a task's CPU that a running job uses. */
  readonly cpuPerJob: number;
  readonly seed: number;
  readonly parameters: Parameters;
  readonly finished: (job: Job) => void;
}

/** How one minute ended. */
export interface MinuteRecord {
  readonly visible: number;
  readonly inFlight: number;
  readonly running: number;
  readonly wanted: number;
}

export interface ServiceResult {
  readonly deadLetters: number;
  /** Jobs that were lost with their task, by the cause of its stop. */
  readonly killed: Readonly<Record<StopCause, number>>;
  readonly billed: Fleet['billed'];
  readonly launched: number;
  readonly minutes: readonly MinuteRecord[];
  readonly activities: readonly ScalingActivity[];
}

/** The deduplication interval of a FIFO queue. */
const DEDUPLICATION_SECONDS = 300;

/** An ECS service that scales on its queue, with the work of SQS, ECS and CloudWatch each minute. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #events: EventQueue;
  readonly #metrics = new MetricStore();
  readonly #target: ScalableTarget;
  readonly #fleet: Fleet;
  readonly #queue: JobQueue;
  readonly #workers: Workers;
  readonly #killed = { scaleIn: 0, spot: 0 };
  readonly #minutes: MinuteRecord[] = [];
  readonly #activities: ScalingActivity[] = [];
  /** Undefined: an arrival does not wake the service. */
  readonly #wakeUpSizing: Sizing | undefined;
  #runningTasks = 0;
  /** Arrival times of the messages in the wake-up queue; the first message is in flight. */
  readonly #wakeUps: number[] = [];
  #lastWakeUp = -Infinity;
  /** The backlog as the metrics reported it, latest first. */
  #reports: readonly { readonly minuteEnd: number; readonly backlog: number }[] = [];
  /** Of the current minute. */
  #busySlotSeconds = 0;
  #runningSeconds = 0;
  #countedUntil = 0;

  constructor(events: EventQueue, options: ServiceOptions) {
    const { worker, scaling, parameters, seed, finished } = options;
    this.#events = events;
    this.#options = options;
    const { minCapacity: minTasks, maxCapacity: maxTasks } = scaling.target;
    if (worker.wake !== 'off') {
      this.#wakeUpSizing = { minTasks, maxTasks: worker.wake === 'one' ? 1 : maxTasks, messagesPerTask: worker.slots };
    }
    this.#target = new ScalableTarget(scaling);
    this.#fleet = new Fleet(worker, parameters, events, seed, {
      running: (task) => this.#taskRuns(task),
      stopping: (task) => this.#taskStops(task),
      killed: (messages, cause) => this.#taskDies(messages, cause),
    });
    this.#queue = new JobQueue(scaling.queue.maxReceiveCount, parameters, new Random(seed, 'metric wake-ups'));
    this.#workers = new Workers(this.#queue, worker.slots, events, new Random(seed, 'polls'), {
      changing: () => this.#count(),
      worked: (task) => this.#fleet.noteWork(task),
      emptied: (task) => this.#fleet.leave(task),
      finished,
    });
  }

  send(job: Job): void {
    this.#queue.send(job, this.#events.now);
    this.#workers.notify();
    this.#wakeUp();
  }

  /** Starts the tasks that run before the first job, and the clock of the metrics. */
  begin(): void {
    this.#fleet.begin(this.#target.capacity);
    this.#events.at(60, () => this.#endMinute(0));
  }

  /** Stops the running tasks. */
  end(): ServiceResult {
    this.#fleet.end();
    return {
      deadLetters: this.deadLetters,
      killed: this.#killed,
      billed: this.#fleet.billed,
      launched: this.#fleet.launched,
      minutes: this.#minutes,
      activities: this.#activities,
    };
  }

  get deadLetters(): number {
    return this.#queue.deadLetters;
  }

  #taskRuns(task: Task): void {
    this.#count();
    this.#runningTasks++;
    this.#workers.start(task);
  }

  #taskStops(task: Task): void {
    this.#workers.stop(task);
    this.#count();
    this.#runningTasks = this.#fleet.running;
  }

  #taskDies(messages: readonly Message[], cause: StopCause): void {
    this.#count();
    this.#killed[cause] += messages.length;
    this.#workers.release(messages);
  }

  /** The work of SQS, ECS and CloudWatch each minute. */
  #endMinute(minute: number): void {
    this.#count();
    const { now } = this.#events;
    // Workers poll all the time, and a publisher of a custom metric reads the queue's attributes.
    if (this.#runningTasks > 0 || this.#options.scaling.customMetrics.length > 0) {
      this.#queue.noteCall(now);
    }
    this.#publish(minute);
    this.#minutes.push({
      visible: this.#queue.visible,
      inFlight: this.#workers.inFlight,
      running: this.#runningTasks,
      wanted: this.#target.capacity,
    });
    this.#busySlotSeconds = 0;
    this.#runningSeconds = 0;
    this.#queue.endMinute();
    this.#events.after(this.#options.parameters.metricDelaySeconds, () => this.#scale(minute));
    this.#events.after(60, () => this.#endMinute(minute + 1));
  }

  #wakeUp(): void {
    const { now } = this.#events;
    const sizing = this.#wakeUpSizing;
    if (!sizing || now < this.#lastWakeUp + DEDUPLICATION_SECONDS) {
      return;
    }
    this.#lastWakeUp = now;
    this.#wakeUps.push(now);
    if (this.#wakeUps.length === 1) {
      this.#events.after(this.#options.parameters.wakeSeconds, () => this.#invokeWakeUp(sizing));
    }
  }

  /** One invocation of the wake-up's Lambda function, with its own decision code. */
  #invokeWakeUp(sizing: Sizing): void {
    const { now } = this.#events;
    const ageSeconds = now - this.#wakeUps[0];
    const reported = this.#reports
      .filter(({ minuteEnd }) => minuteEnd > now - RECENT_SECONDS)
      .map(({ backlog }) => backlog);
    const backlog = this.#queue.visible + this.#workers.inFlight;
    const { floor, again } = decide(
      { ageSeconds, justArrived: ageSeconds < WAKE_UP_INTERVAL_SECONDS, backlog, reported },
      sizing,
    );
    this.#apply(this.#target.holdFloor(floor, now * 1_000));
    if (!again) {
      this.#wakeUps.shift();
    }
    if (this.#wakeUps.length > 0) {
      this.#events.after(again ? WAKE_UP_INTERVAL_SECONDS : this.#options.parameters.wakeSeconds, () =>
        this.#invokeWakeUp(sizing),
      );
    }
  }

  #scale(minute: number): void {
    const { now } = this.#events;
    const minuteEnd = (minute + 1) * 60;
    if (this.#queue.sendsMetrics(minuteEnd)) {
      const { visible, inFlight } = this.#minutes[minute];
      this.#reports = [{ minuteEnd, backlog: visible + inFlight }, ...this.#reports.slice(0, RECENT_SECONDS / 60)];
    }
    this.#apply(this.#target.evaluate(this.#metrics, minute, now * 1_000));
  }

  #apply(activity: ScalingActivity | undefined): void {
    if (!activity) {
      return;
    }
    this.#activities.push(activity);
    this.#fleet.want(activity.to);
  }

  #publish(minute: number): void {
    const { alarms, policies } = this.#options.scaling;
    const values = this.#serviceMetrics();
    for (const user of [...alarms, ...policies]) {
      for (const metric of metricsOf('series' in user ? user.series : user.tracking?.series)) {
        const value =
          metric.namespace === 'AWS/SQS'
            ? this.#queueMetric(metric.name, metric.dimensions['QueueName'])
            : values[metric.name];
        if (value !== undefined) {
          this.#metrics.put(metric, minute, value);
        }
      }
    }
  }

  /** Any other queue is as awake as the service's own, and empty. */
  #queueMetric(name: string, queueName: string | undefined): number | undefined {
    const { now } = this.#events;
    if (!this.#queue.sendsMetrics(now)) {
      return undefined;
    }
    if (queueName !== this.#options.scaling.queue.name) {
      return 0;
    }
    const values: Readonly<Record<string, number | undefined>> = {
      ApproximateNumberOfMessagesVisible: this.#queue.visible,
      ApproximateNumberOfMessagesNotVisible: this.#workers.inFlight,
      ApproximateAgeOfOldestMessage: this.#queue.oldestAge(now),
      NumberOfMessagesSent: this.#queue.sent,
      NumberOfMessagesReceived: this.#queue.received,
      NumberOfMessagesDeleted: this.#queue.deleted,
    };
    return values[name];
  }

  #serviceMetrics(): Readonly<Record<string, number | undefined>> {
    const running = this.#runningTasks;
    const desired = this.#target.capacity;
    const custom: Readonly<Record<string, number>> = {
      visible: this.#queue.visible,
      inFlight: this.#workers.inFlight,
      running,
      desired,
    };
    const busy = this.#busySlotSeconds * this.#options.cpuPerJob;
    return {
      CPUUtilization: this.#runningSeconds > 0 ? Math.min(100, (100 * busy) / this.#runningSeconds) : undefined,
      RunningTaskCount: running,
      DesiredTaskCount: desired,
      PendingTaskCount: this.#fleet.starting,
      ...Object.fromEntries(
        this.#options.scaling.customMetrics.map(({ name, value }) => [name, value((id) => custom[id])]),
      ),
    };
  }

  /** Adds up the use since the last change. */
  #count(): void {
    const elapsed = this.#events.now - this.#countedUntil;
    this.#busySlotSeconds += elapsed * this.#workers.inFlight;
    this.#runningSeconds += elapsed * this.#runningTasks;
    this.#countedUntil = this.#events.now;
  }
}
