import { Inject, Injectable } from '@nestjs/common';
import { type Job, type JobContext } from 'fileworks-runtime';
import { type ArchiveEntry, type MetadataItem } from 'fileworks-runtime/archive';
import { type DownloadTask, DownloadTaskHandler, type ExportFile } from 'fileworks-runtime/exports';
import { FileHandler } from 'fileworks-runtime/nestjs';
import { ExportParts } from './export-parts.ts';

/** Downloads files, and stores the entries that are approved in the metadata. */
@Injectable()
export class DownloadsHandler extends DownloadTaskHandler<MetadataItem> {
  readonly #parts: ExportParts;

  constructor(@Inject(ExportParts) parts: ExportParts) {
    super(parts.downloadTasks);
    this.#parts = parts;
  }

  @FileHandler()
  work(job: Job, context: JobContext): unknown {
    return this.handle(job, context);
  }

  protected override select({ kind }: ArchiveEntry, metadata: MetadataItem | undefined): boolean | string {
    return (kind === 'file' && metadata?.status === 'approved') || 'not approved';
  }

  /** Replaces a link that expired while its task was in the queue. */
  protected override async renewUrl({ jobId, file }: DownloadTask, signal: AbortSignal): Promise<string | undefined> {
    const { url } = (await this.#parts.api.json(
      `jobs/${encodeURIComponent(jobId)}/files/${encodeURIComponent(file.id)}`,
      { signal },
    )) as ExportFile;
    return url;
  }
}
