import * as fc from 'fast-check';

// The gate gives the same result for the same commit; new inputs are tried without CI=true, and by `npm run chaos` and
// `npm run fuzz`.
if (process.env.CI) {
  fc.configureGlobal({ seed: 20_261_120 });
}
