/** Meetings inside other sites' pages. Canopy serves this module as `/embed.js`. */
export { type CreateMeetingOptions, createMeeting } from './create-meeting.ts';
export { type EmbedOptions, embedMeeting, type Meeting, MeetingError } from './meeting.ts';
export type {
  CommandProblem,
  CreatedMeeting,
  FromCreation,
  FromMeeting,
  MeetingCommandName,
  MeetingCommands,
  MeetingEventName,
  MeetingEvents,
  ToCreation,
  ToMeeting,
} from './messages.ts';
