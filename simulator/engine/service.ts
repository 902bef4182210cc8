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
import { JobQueue } from './job-queue.ts';
import { Lane, type Program } from './lane.ts';
import { Random } from './random.ts';

export interface ServiceOptions {
  readonly worker: Worker;
  readonly scaling: Scaling;
  /** Share of a task's CPU that a slot in use takes. */
  readonly cpuPerJob: number;
  readonly seed: number;
  readonly parameters: Parameters;
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
  /** Jobs whose task was killed under them, by what stopped the task. */
  readonly killed: Readonly<Record<StopCause, number>>;
  /** Seconds that tasks had had those jobs for. */
  readonly lostSeconds: number;
  readonly billed: Fleet['billed'];
  readonly launched: number;
  /** Messages sent, received and deleted. */
  readonly requests: number;
  readonly minutes: readonly MinuteRecord[];
  readonly activities: readonly ScalingActivity[];
}

/** A FIFO queue drops a message as a duplicate for so long after the first. */
const DEDUPLICATION_SECONDS = 300;

/** An ECS service that is scaled by its queues, with all that AWS does around it each minute. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #events: EventQueue;
  readonly #metrics = new MetricStore();
  readonly #target: ScalableTarget;
  readonly #fleet: Fleet;
  readonly #lanes: Lane<never>[] = [];
  readonly #killed = { scaleIn: 0, spot: 0 };
  readonly #minutes: MinuteRecord[] = [];
  readonly #activities: ScalingActivity[] = [];
  /** Undefined: an arrival wakes nobody. */
  readonly #wakeUpSizing: Sizing | undefined;
  #lostSeconds = 0;
  #runningTasks = 0;
  /** When the arrivals were whose messages wait in the wake-up queue; the first one is being worked on. */
  readonly #wakeUps: number[] = [];
  #lastWakeUp = -Infinity;
  /** What metrics told of the backlog, latest first. */
  #reports: readonly { readonly minuteEnd: number; readonly backlog: number }[] = [];
  /** Of the current minute. */
  #busySlotSeconds = 0;
  #runningSeconds = 0;
  #countedUntil = 0;

  constructor(events: EventQueue, options: ServiceOptions) {
    const { worker, scaling, parameters, seed } = options;
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
      killed: (task, cause) => this.#taskDies(task, cause),
    });
  }

  /** Has the tasks work on a queue: the one that the scaling follows, unless `name` says another. */
  serve<J extends Job>(program: Program<J>, name: string = this.#options.scaling.queue.name): Lane<J> {
    const { scaling, parameters, seed } = this.#options;
    const subject = this.#lanes.length === 0 ? '' : ` of ${name}`;
    const queue = new JobQueue<J>(
      scaling.queue.maxReceiveCount,
      parameters,
      new Random(seed, `metric wake-ups${subject}`),
    );
    const lane = new Lane(name, queue, program, this.#events, new Random(seed, `polls${subject}`), {
      changing: () => this.#count(),
      arrived: () => this.#wakeUp(),
      worked: (task) => this.#fleet.noteWork(task),
      emptied: (task) => this.#fleet.leave(task),
    });
    this.#lanes.push(lane as unknown as Lane<never>);
    return lane;
  }

  /** Starts the tasks that are there before the first job, and the clock of the metrics. */
  begin(): void {
    this.#fleet.begin(this.#target.capacity);
    this.#events.at(60, () => this.#endMinute(0));
  }

  /** Ends the tasks that still run. */
  end(): ServiceResult {
    this.#fleet.end();
    return {
      deadLetters: this.deadLetters,
      killed: this.#killed,
      lostSeconds: this.#lostSeconds,
      billed: this.#fleet.billed,
      launched: this.#fleet.launched,
      requests: this.#sum(({ queue }) => queue.requests),
      minutes: this.#minutes,
      activities: this.#activities,
    };
  }

  get deadLetters(): number {
    return this.#sum(({ queue }) => queue.deadLetters);
  }

  get #visible(): number {
    return this.#sum(({ queue }) => queue.visible);
  }

  get #inFlight(): number {
    return this.#sum(({ inFlight }) => inFlight);
  }

  #sum(value: (lane: Lane<never>) => number): number {
    return this.#lanes.reduce((sum, lane) => sum + value(lane), 0);
  }

  #taskRuns(task: Task): void {
    this.#count();
    this.#runningTasks++;
    for (const lane of this.#lanes) {
      lane.join(task);
    }
  }

  #taskStops(task: Task): void {
    for (const lane of this.#lanes) {
      lane.leave(task);
    }
    this.#count();
    this.#runningTasks = this.#fleet.running;
  }

  #taskDies(task: Task, cause: StopCause): void {
    this.#count();
    for (const lane of this.#lanes) {
      const { jobs, seconds } = lane.lose(task);
      this.#killed[cause] += jobs;
      this.#lostSeconds += seconds;
    }
  }

  /** What SQS, ECS and CloudWatch do each minute. */
  #endMinute(minute: number): void {
    this.#count();
    const { now } = this.#events;
    // Workers poll all the time, and whoever publishes a metric of its own asks the queue for it.
    if (this.#runningTasks > 0 || this.#options.scaling.customMetrics.length > 0) {
      for (const { queue } of this.#lanes) {
        queue.noteCall(now);
      }
    }
    this.#publish(minute);
    this.#minutes.push({
      visible: this.#visible,
      inFlight: this.#inFlight,
      running: this.#runningTasks,
      wanted: this.#target.capacity,
    });
    this.#busySlotSeconds = 0;
    this.#runningSeconds = 0;
    for (const { queue } of this.#lanes) {
      queue.endMinute();
    }
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
      this.#events.after(this.#options.parameters.wakeSeconds, () => this.#look(sizing));
    }
  }

  /** One run of the wake-up's Lambda function, which decides by the same code. */
  #look(sizing: Sizing): void {
    const { now } = this.#events;
    const ageSeconds = now - this.#wakeUps[0];
    const reported = this.#reports
      .filter(({ minuteEnd }) => minuteEnd > now - RECENT_SECONDS)
      .map(({ backlog }) => backlog);
    const backlog = this.#visible + this.#inFlight;
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
        this.#look(sizing),
      );
    }
  }

  #scale(minute: number): void {
    const { now } = this.#events;
    const minuteEnd = (minute + 1) * 60;
    if (this.#lanes.every(({ queue }) => queue.sendsMetrics(minuteEnd))) {
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

  /** A queue that nothing here works on is as awake as the first one, and empty. */
  #queueMetric(name: string, queueName: string | undefined): number | undefined {
    const { now } = this.#events;
    const lane = this.#lanes.find((one) => one.name === queueName);
    if (!(lane ?? this.#lanes[0]).queue.sendsMetrics(now)) {
      return undefined;
    }
    if (!lane) {
      return 0;
    }
    const { queue, inFlight } = lane;
    const values: Readonly<Record<string, number | undefined>> = {
      ApproximateNumberOfMessagesVisible: queue.visible,
      ApproximateNumberOfMessagesNotVisible: inFlight,
      ApproximateAgeOfOldestMessage: queue.oldestAge(now),
      NumberOfMessagesSent: queue.sent,
      NumberOfMessagesReceived: queue.received,
      NumberOfMessagesDeleted: queue.deleted,
    };
    return values[name];
  }

  #serviceMetrics(): Readonly<Record<string, number | undefined>> {
    const running = this.#runningTasks;
    const desired = this.#target.capacity;
    const custom: Readonly<Record<string, number>> = {
      visible: this.#visible,
      inFlight: this.#inFlight,
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

  /** Adds up what was in use since the last change. */
  #count(): void {
    const elapsed = this.#events.now - this.#countedUntil;
    this.#busySlotSeconds += elapsed * this.#sum(({ busy }) => busy);
    this.#runningSeconds += elapsed * this.#runningTasks;
    this.#countedUntil = this.#events.now;
  }
}
