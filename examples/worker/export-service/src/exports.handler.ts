import { Inject, Injectable } from '@nestjs/common';
import { type Job, type JobContext } from 'fileworks-runtime';
import { cursorPages, type ExportFile, ExportJobHandler, type FileList } from 'fileworks-runtime/exports';
import { FileHandler } from 'fileworks-runtime/nestjs';
import { ExportParts } from './export-parts.ts';

/** Reads the files of jobs from the API, and sends a download task for each. */
@Injectable()
export class ExportsHandler extends ExportJobHandler {
  constructor(@Inject(ExportParts) parts: ExportParts) {
    super(parts.exportJobs);
  }

  @FileHandler()
  work(job: Job, context: JobContext): unknown {
    return this.handle(job, context);
  }

  protected override list(jobId: string): FileList {
    return { address: `cursor/jobs/${encodeURIComponent(jobId)}/files`, pagination: cursorPages() };
  }

  protected override fileOf(item: unknown): ExportFile {
    const { id, url, size } = item as ExportFile;
    // Without the checksum of the whole file, only selected entries are read; each has a checksum of its own
    return { id, url, ...(size !== undefined && { size }) };
  }
}
