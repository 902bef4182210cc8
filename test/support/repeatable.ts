import * as fc from 'fast-check';

// The gate says the same of the same commit; new inputs are looked for elsewhere: without CI=true, and by `npm run
// chaos` and `npm run fuzz`.
if (process.env.CI) {
  fc.configureGlobal({ seed: 20_261_120 });
}
