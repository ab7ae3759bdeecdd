/** The same as fuzz.test.ts with 10,000 messages of each kind. */
process.env.FUZZ_MESSAGES ??= '10000';
await import('./fuzz.test.ts');
