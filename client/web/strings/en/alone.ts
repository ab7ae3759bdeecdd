/** Shown to somebody who is alone in a room. */
export const alone = {
  heading: 'Nobody else is here yet',
  advice: 'Send this link to the people you want to meet.',
  link: 'Link to this room',
};
