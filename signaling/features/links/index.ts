export { linkUrl } from './link-url.ts';
export { linkMetrics } from './metrics.ts';
export { LINK_MIGRATIONS } from './migrations.ts';
export { LINKS_KEY, registerLinks } from './register.ts';
export { RoomLinks } from './room-links.ts';
