import { beginFileTask } from '../../runtime/dispatch/run-file-task';
import { log } from '../shared/log';
import { turnSource } from '../shared/turn-source';

/*
 * The only handler that runs in a container: a gate for an unmodified image, which ECS starts after this container
 * exited with 0. The exit code of that image is its result.
 */

beginFileTask(turnSource()).then(
  (exitCode) => {
    process.exitCode = exitCode;
    log('INFO', exitCode === 0 ? 'turn begun' : 'not its turn', { fileId: process.env.FILEWORKS_FILE_ID });
  },
  (error: unknown) => {
    process.exitCode = 1;
    log('ERROR', 'turn could not be begun', { fileId: process.env.FILEWORKS_FILE_ID, error: String(error) });
  },
);
