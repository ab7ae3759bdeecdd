/** Language and theme, in the settings. */
export const appearance = {
  heading: 'Appearance',
  language: 'Language',
  theme: 'Theme',
  system: 'Same as system',
  light: 'Light',
  dark: 'Dark',
};
