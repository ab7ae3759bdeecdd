/** What only devices that are being added need. Each part is large and loaded on first use. */
export const loadLinkMessages = () => import('./link-messages.ts');
export const loadIssuing = () => import('./issue.ts');
