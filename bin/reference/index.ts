/** Writes schemas as reference pages for readers. */
export { protocolPage } from './protocol-page.ts';
