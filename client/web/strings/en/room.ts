import { plural } from './forms.ts';

/** The screen of a call, apart from its toolbar and panels. */
export const room = {
  participants: 'Participants',
  count: (people: number) => plural(people, { one: 'Only you', other: `${people} people` }),
  verifiedAs: (name: string) => `Verified as ${name}`,
  guest: (name: string) => `Guest: ${name}`,
  device: (id: string) => `Device ${id}`,
  ended: 'The call has ended.',
  reconnecting: 'Reconnecting…',
  hear: 'Click to hear others',
  troubleBoth: 'No connection for audio and video. Trying again…',
  troubleSending: 'No connection: others cannot hear or see you. Trying again…',
  troubleReceiving: 'No connection: you cannot hear or see others. Trying again…',
  /** Followed by a command in code. */
  troubleAdvice: (ports: string) =>
    `A firewall may block ${ports}. Try another network. The administrator can check the server’s ports with`,
};
