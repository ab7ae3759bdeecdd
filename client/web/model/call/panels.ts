/** The side panels of a call; views/panels/registry.ts says what each one is. */
export type PanelName = 'people' | 'chat' | 'polls' | 'breakouts' | 'recordings' | 'settings';
