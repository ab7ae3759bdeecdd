/** The same as lost-path.test.ts with a cut of 20 seconds. */
process.env.ROOM_LOG_CUT_SECONDS ??= '20';
await import('./lost-path.test.ts');
