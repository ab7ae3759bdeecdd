/** Inviting people into the room. */
export const invite = {
  heading: 'Invite someone',
  what: 'Send this link to one person. It works once and is valid for a day.',
  link: 'Invitation link',
  creating: 'Creating link…',
  asMember: 'May enter every room and invite others',
};
