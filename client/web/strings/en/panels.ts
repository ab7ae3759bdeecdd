/** The side panels’ names and frame. */
export const panels = {
  close: (panel: string) => `Close ${panel}`,
  loadFailed: 'This panel could not be loaded. Check the connection and try again.',
  settings: 'Settings',
};
