export { type Poll, type PollEvents, type PollForm, Polls, type PollsHost, type PollVoter } from './polls.ts';
