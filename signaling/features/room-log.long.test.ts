/** The same as room-log.test.ts with 10,000 interleavings. */
process.env.ROOM_LOG_RUNS ??= '10000';
await import('./room-log.test.ts');
