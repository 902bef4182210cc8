import { execFileSync } from 'node:child_process';

/** A ZIP with `entries` text files, written by Python's zipfile. */
export function zip(entries: number, text: string): Buffer {
  const script = `
import io, sys, zipfile
out = io.BytesIO()
with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as archive:
    for i in range(${entries}):
        archive.writestr(f'folder/{i}.txt', '${text} %d\\n' % i * 100)
sys.stdout.buffer.write(out.getvalue())`;
  return execFileSync('python3', ['-c', script], { maxBuffer: 1 << 26 });
}
