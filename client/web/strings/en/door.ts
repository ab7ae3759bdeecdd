import { plural } from './forms.ts';

/** The screen of somebody who opened a room link, before and while waiting to be let in. */
export const door = {
  invitesYou: (name: string, room: string) => `${name} invites you to ${room}`,
  invitesYouToMeeting: (name: string) => `${name} invites you to a meeting`,
  invited: (room: string) => `You are invited to ${room}`,
  invitedToMeeting: 'You are invited to a meeting',
  /** For somebody who knows nothing but a room’s address. */
  enter: (room: string) => `Join ${room}`,
  enterMeeting: 'Join the meeting',
  opening: 'Opening the link…',
  damaged: 'This link is damaged',
  damagedAdvice:
    'Part of it is missing. Copy the whole link and open it again, or ask the sender for a new one.',
  closed: 'This link does not work',
  yourName: 'Your name',
  nameHint: 'Others will see it. There is no account to create and no password to remember.',
  /** Followed by a name. */
  joinAs: 'Joining as',
  askToJoin: 'Ask to join',
  joinNow: 'Join now',
  lobbyHint: 'Someone in the meeting will let you in.',
  strangerHint: 'Someone in the meeting decides whether to let you in.',
  haveAccount: 'I have an account here',
  devices: 'Microphone, speaker and camera',
  /** The test needs an account, which newcomers get when they are admitted. */
  testLater: 'You can test your connection once you are in the call, in the settings.',
  asking: 'Asking…',
  entering: 'You were let in. Joining…',
  waitingTitle: 'Waiting',
  waiting: 'Waiting to be let in',
  notBegun: 'The meeting has not started yet. You will be let in once the host arrives.',
  noHost: 'Nobody who can let you in is in the meeting yet. Keep this page open.',
  hostThere: 'You asked to join. Someone will let you in soon.',
  strangerAsked:
    'You asked to join. Someone in the meeting has to let you in. If nobody does, check the address with whoever gave it to you.',
  ahead: (people: number) =>
    plural(people, { one: '1 person is ahead of you.', other: `${people} people are ahead of you.` }),
  keptPlace: 'Reconnecting… Your place is kept.',
  askAgain: 'Ask again',
};
