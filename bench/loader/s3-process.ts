// An S3 stub in a process of its own, so that its work does not count as the loader's. The parent sends commands.
import { S3Stub } from '../../test/support/s3-stub.ts';
import { fill, type Fill } from './files.ts';

const stub = await S3Stub.start();
stub.remembers = false;
process.on('message', ({ latencyMs, ...wanted }: Fill & { readonly latencyMs: number }) => {
  stub.latencyMs = latencyMs;
  stub.objects.clear();
  process.send?.(fill(stub, wanted));
});
process.send?.(stub.endpoint);
