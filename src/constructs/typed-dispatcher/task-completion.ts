import type { ContainerImage } from 'aws-cdk-lib/aws-ecs';

/** Options of `TaskCompletion.byExitCode()`. */
export interface ExitCodeCompletionOptions {
  /**
   * The image of the gate container, whose command takes the turn of the file as `beginFileTask` of fileworks-runtime
   * does, and exits with code 0 if it has the turn.
   *
   * @default - an image that is built from the package's own code at deployment, for the CPU architecture of the task
   */
  readonly gateImage?: ContainerImage;
}

/** How a task reports that its file is done. */
export class TaskCompletion {
  /** With `runFileTask` of fileworks-runtime, which the container calls. */
  static byHandler(): TaskCompletion {
    return new TaskCompletion();
  }

  /**
   * With the exit code of the container, for images without fileworks-runtime: 0 is success, anything else a failed
   * attempt.
   *
   * A gate container first takes the turn of the file; ECS starts the main container after the gate succeeded
   * (`dependsOn` with `SUCCESS`), and not at all if another task has the turn. `FILEWORKS_FILE_BUCKET`,
   * `FILEWORKS_FILE_KEY`, `FILEWORKS_FILE_VERSION_ID` and `FILEWORKS_FILE_FENCE` identify the file for the container.
   *
   * Such a container sends no heartbeats: it counts as working while ECS reports it as running, until `maxRuntime`. ECS
   * keeps exit codes for an hour, so `hangTimeout`, the interval of the check for lost end-of-task events, is at most
   * 45 minutes.
   *
   * @param options options of the gate
   */
  static byExitCode(options: ExitCodeCompletionOptions = {}): TaskCompletion {
    return new TaskCompletion(options);
  }

  /** Options of the gate; undefined without one. */
  readonly gate?: ExitCodeCompletionOptions;

  private constructor(gate?: ExitCodeCompletionOptions) {
    this.gate = gate;
  }
}
