import type { ContainerImage } from 'aws-cdk-lib/aws-ecs';

/** Options of `TaskCompletion.byExitCode()`. */
export interface ExitCodeCompletionOptions {
  /**
   * The image of the gate, whose command takes the turn of the file as `beginFileTask` of fileworks-runtime does: exit
   * code 0 when it has it.
   *
   * @default - an image that is built of the package's own code when the app is deployed, for the CPU architecture of
   * the task
   */
  readonly gateImage?: ContainerImage;
}

/** How a task says that its file is done. */
export class TaskCompletion {
  /** By `runFileTask` of fileworks-runtime, which its container calls. */
  static byHandler(): TaskCompletion {
    return new TaskCompletion();
  }

  /**
   * By the exit code of its container, for images that know nothing of Fileworks: 0 is done, anything else a failed
   * attempt.
   *
   * A gate container takes the turn of the file first; ECS starts the other one when that has succeeded (`dependsOn`
   * with `SUCCESS`), and not at all
   * when the turn is not this task's. `FILEWORKS_FILE_BUCKET`, `FILEWORKS_FILE_KEY`, `FILEWORKS_FILE_VERSION_ID` and
   * `FILEWORKS_FILE_FENCE` tell the
   * container what to work on.
   *
   * Nobody beats for such a container: while ECS says that it runs, it works, until `maxRuntime`. And as ECS forgets
   * exit codes after an hour,
   * `hangTimeout` is how often it is asked should the end of the task not be told: at most 45 minutes.
   *
   * @param options of the gate
   */
  static byExitCode(options: ExitCodeCompletionOptions = {}): TaskCompletion {
    return new TaskCompletion(options);
  }

  /** Options of the gate; undefined where there is none. */
  readonly gate?: ExitCodeCompletionOptions;

  private constructor(gate?: ExitCodeCompletionOptions) {
    this.gate = gate;
  }
}
