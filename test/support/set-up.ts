import { makeArtifacts } from './artifacts';

/** Runs before the tests of each run of Jest: constructs take their Lambda functions from assets/. */
export default function setUp(): void {
  // The schema check of newer CDK versions costs seconds per test file; one test runs it on purpose
  process.env.CDK_VALIDATION ??= 'false';
  makeArtifacts('bundle');
}
