/** Inviting people into the room. */
export const invite = {
  heading: 'Invite people',
  roomLink: 'Link for everyone',
  /** Who gets in by the link, by the room’s lobby. */
  askFirst: 'Anyone with this link can ask to join, and someone in the meeting lets them in.',
  comeIn: 'Anyone with this link can join.',
  validUntil: (date: string) => `Valid until ${date}.`,
  guests: (people: number, most: number | null) =>
    most === null
      ? `Guests who used this link: ${people}`
      : `Guests who used this link: ${people} of ${most}`,
  lobby: 'Who waits to be let in',
  lobbyModes: { off: 'Nobody', guests: 'Guests', everyone: 'Everyone except owners' },
  manage: 'Change or withdraw this link',
  validFor: 'Valid for',
  periods: { day: '1 day', week: '1 week', month: '4 weeks', year: '1 year' },
  mostPeople: 'Maximum guests at a time',
  noLimit: 'no limit',
  renew: 'Replace with a new link',
  renewHint: 'The current link stops working.',
  renewed: 'This is the new link. The old one no longer works.',
  withdraw: 'Withdraw link',
  withdrawn: 'The link was withdrawn: nobody can join with it any more.',
  create: 'Create a link',
  unknownLink: 'The room has a link that this server can no longer show. Replace it with a new one.',
  oneTime: 'Link for one person',
  what: 'Send this link to one person. It works once and is valid for a day. Nobody needs to let them in.',
  link: 'Invitation link',
  creating: 'Creating link…',
  asMember: 'Make them a member, who can enter any room and invite others',
};
