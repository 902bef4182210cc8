import type { ExportFile, ExportJob } from './day.ts';
import type { Deployed, Site } from './site.ts';
import type { ExportStacks } from './stacks.ts';
import { ThreadPool } from './thread-pool.ts';

/** One of the ways to build an export service. */
export interface ExportOption {
  readonly name: string;
  readonly stack: keyof ExportStacks;
  /** Jobs that a process has at once; by default as many as it downloads files. */
  readonly jobsAtOnce?: number;
  /**
   * Puts the program onto a site.
   *
   * @param downloads files that a task downloads at the same time
   * @returns what takes a job
   */
  readonly deploy: (site: Site, downloads: number) => (job: ExportJob) => void;
}

/**
 * Jobs whose pages a process reads at the same time, where that is not all that it does with them:
 * `orchestratorConcurrency` of our construct.
 */
const READERS = 10;

/** The four options of the decision record, in its order; it leaves open how many jobs the one process takes. */
export const options: readonly ExportOption[] = [
  { name: '1 one process, a job for each thread', stack: 'oneQueue', deploy: deployThreads },
  { name: '1 one process, a job at a time', stack: 'oneQueue', jobsAtOnce: 1, deploy: deployThreads },
  { name: '2 two services, two queues', stack: 'twoServices', deploy: deployTwoServices },
  { name: '3 one service, two queues', stack: 'twoQueues', deploy: deployTwoConsumers },
  { name: '4 threads, and a queue for the rest', stack: 'twoQueues', deploy: deployOverflow },
];

/**
 * The message of a job is held until its last file is stored, and its files wait for the threads of the process that
 * has it.
 */
function deployThreads(site: Site, downloads: number): (job: ExportJob) => void {
  const { service, worker } = site.service('Exports');
  const { events, ledger } = site;
  const threads = new ThreadPool(downloads, ledger);
  const jobs = service.serve<ExportJob>({
    slots: worker.slots,
    work: (job, task, done) =>
      events.after(job.work, () => {
        let missing = job.files.length;
        for (const file of job.files) {
          threads.download(task, file, () => {
            ledger.store(file);
            missing--;
            if (missing === 0) {
              done();
            }
          });
        }
      }),
  });
  return (job) => jobs.send(job);
}

function deployTwoServices(site: Site): (job: ExportJob) => void {
  const files = serveFiles(site, site.service('ExportsWorker'));
  const { service, worker } = site.service('ExportsOrchestrator');
  const jobs = service.serve<ExportJob>({ slots: worker.slots, ...dispatching(site, files) });
  return (job) => jobs.send(job);
}

function deployTwoConsumers(site: Site): (job: ExportJob) => void {
  const deployed = site.service('Exports');
  const files = serveFiles(site, deployed);
  const jobs = deployed.service.serve<ExportJob>(
    { slots: READERS, ...dispatching(site, files) },
    site.secondQueue(deployed),
  );
  return (job) => jobs.send(job);
}

/**
 * Files go to threads of the same process while it has any, and the message of their job is held for these; the others
 * go to the queue.
 */
function deployOverflow(site: Site): (job: ExportJob) => void {
  const deployed = site.service('Exports');
  const files = serveFiles(site, deployed);
  const jobs = deployed.service.serve<ExportJob>(
    {
      slots: READERS,
      work: (job, task, done) =>
        site.events.after(job.work, () => {
          let missing = 0;
          for (const file of job.files) {
            const taken = files.offer(task, file, () => {
              missing--;
              if (missing === 0) {
                done();
              }
            });
            if (taken) {
              missing++;
            } else {
              files.send(file);
            }
          }
          if (missing === 0) {
            done();
          }
        }),
    },
    site.secondQueue(deployed),
  );
  return (job) => jobs.send(job);
}

/** Each file is a message of its own. */
function serveFiles({ ledger }: Site, { service, worker }: Deployed) {
  return service.serve<ExportFile>({
    slots: worker.slots,
    work: (file, _task, done) => ledger.download(file, done),
    finished: (file) => ledger.store(file),
  });
}

/** Reads the pages of a job, and sends each of its files. */
function dispatching({ events }: Site, files: { readonly send: (file: ExportFile) => void }) {
  return {
    work: (job: ExportJob, _task: unknown, done: () => void) => events.after(job.work, done),
    finished: (job: ExportJob) => job.files.forEach((file) => files.send(file)),
  };
}
