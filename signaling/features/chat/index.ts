export { FILE_REQUESTS } from './files/index.ts';
export { CHAT_MIGRATIONS } from './migrations.ts';
export { registerChat } from './register.ts';
