/** What the server sends to addresses that others gave it. */
export { type Attempt, type Message, Sender } from './sender.ts';
export { TargetGuard } from './target-guard.ts';
