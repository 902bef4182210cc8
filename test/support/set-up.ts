import type { Config } from 'jest';
import { makeArtifacts } from './artifacts';

type GlobalConfig = Config & { readonly testPathPatterns: { readonly patterns: readonly string[] } };

/** No construct is synthesized in these folders. */
const WITHOUT_BUNDLES = /^(test\/(runtime|contract)|local|cli)\b/;

/** Before each run of Jest: constructs take the code of their Lambda functions from assets/. */
export default function setUp({ testPathPatterns: { patterns } }: GlobalConfig): void {
  // The schema check of newer CDK versions costs seconds per test file; one test runs it on purpose
  process.env.CDK_VALIDATION ??= 'false';
  if (patterns.length === 0 || !patterns.every((pattern) => WITHOUT_BUNDLES.test(pattern))) {
    makeArtifacts('bundle');
  }
}
