import { beginFileTask } from '../../runtime/dispatch/run-file-task';
import { log } from '../shared/log';
import { turnSource } from '../shared/turn-source';

/*
 * The one handler that runs in a container: beside an unmodified image, which ECS starts after this has exited with 0.
 * Whether that image did its work, its own exit code says.
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
