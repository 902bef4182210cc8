// node build-tools/install-from-debian.ts <package>: for tests that need a server of Debian's.
import { installFromDebian } from './steps.ts';

installFromDebian(process.argv[2] ?? '');
