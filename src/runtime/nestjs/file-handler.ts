import { SetMetadata } from '@nestjs/common';
import type { StandardSchemaV1 } from '@standard-schema/spec';

export const FILE_HANDLER_METADATA = 'fileworks:file-handler';

export interface FileHandlerOptions {
  /** Name of the queue. @default - every queue of the module that no other method names */
  readonly queue?: string;
  /**
   * Validates and types the body of the job; any library that speaks Standard Schema. @default - S3 events and job
   * messages only
   */
  readonly schema?: StandardSchemaV1;
}

/** Marks the method of a provider that does the jobs of a queue: `(job: Job, context: JobContext) => Promise<void>`. */
export function FileHandler(options: FileHandlerOptions = {}): MethodDecorator {
  return SetMetadata(FILE_HANDLER_METADATA, options);
}
